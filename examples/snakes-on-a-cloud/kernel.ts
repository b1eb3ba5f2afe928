import { agent } from 'lander/agent'
import { scan } from './scan.c'
import { tour } from './tour.ts'

/** The tour with its inner loop in C, sent as a binary, or as source that each region compiles. */
export default agent(() => tour(scan))
