/** What `executor-kernels.mjs` is made of: the desk, for a run that has kernels; and a lane, for a thread that is one. */
import { isMainThread, workerData } from 'node:worker_threads'
import { runLane } from './worker.ts'

export { openKernelDesk } from './runtime.ts'

if (!isMainThread && workerData?.lane === true) runLane()
