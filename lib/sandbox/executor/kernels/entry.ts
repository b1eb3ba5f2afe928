/** What `executor-kernels.mjs` is made of: the desk, for a run that has kernels; and a lane, for a thread that is one. */
import { isMainThread, workerData } from 'node:worker_threads'
import { runWorker } from './worker.ts'

export { openKernelRuntime } from './runtime.ts'

if (!isMainThread && workerData?.worker === true) runWorker()
