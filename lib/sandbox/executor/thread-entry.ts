/** What `executor-thread.mjs` is made of. */
import { runThread } from './thread.ts'

runThread()
