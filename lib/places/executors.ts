/** Executors in the caller's process, for thread and tasklet places. */
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { ASSET_FILES } from '../sandbox/contract/assets.ts'
import { type Engine, loadEngine, serveRuns } from '../sandbox/executor/thread.ts'
import { PortExecutor } from '../sandbox/parent/port-executor.ts'
import type { Executor } from '../sandbox/wire/executor.ts'

/** The stack of a thread, as large as in the executor process, because the engine's stack is inside it. */
const STACK_MB = 4

/** Starts an executor in a new thread of this process, without environment variables and output. */
export function forkThread(assets: string): Executor {
  const worker = new Worker(join(assets, ASSET_FILES.thread), {
    workerData: { assets },
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { stackSizeMb: STACK_MB },
  })
  return new PortExecutor({ port: worker, end: () => worker.terminate() })
}

/** Compiled engines by folder. They are cached, because compiling one takes longer than a short agent runs. */
const engines = new Map<string, Engine>()

/** Starts an executor in the current thread. It shares the event loop, so only the engine can interrupt an agent. */
export function forkTasklet(assets: string): Executor {
  const engine = engines.get(assets) ?? loadEngine(assets)
  engines.set(assets, engine)
  const { port1: outside, port2: inside } = new MessageChannel()
  serveRuns(inside, engine)
  // Only the outer port keeps the process alive, while its owner waits for a run.
  inside.unref()
  return new PortExecutor({ port: outside, end: async () => outside.close() })
}
