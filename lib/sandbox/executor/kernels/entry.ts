/** The entry of `executor-kernels.mjs`: the kernel runtime for the agent's thread, and the worker for other threads. */
import { isMainThread, workerData } from 'node:worker_threads'
import { runWorker } from './worker.ts'

export { openKernelRuntime } from './runtime.ts'

if (!isMainThread && workerData?.worker === true) runWorker()
