import { agent } from 'lander/agent'
import { scan } from './scan.c'
import { tour } from './tour.ts'

/** The inner loop in C: sent as a binary, or as source that is compiled where it lands. */
export default agent(() => tour(scan))
