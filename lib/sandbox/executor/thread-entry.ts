/** The entry of `executor-thread.mjs`. */
import { runThread } from './thread.ts'

runThread()
