/** Executors without a process of their own: for the caller's own places. */
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { ASSET_FILES } from '../sandbox/contract/assets.ts'
import { type Engine, loadEngine, serveRuns } from '../sandbox/executor/thread.ts'
import { PortExecutor } from '../sandbox/parent/port-executor.ts'
import type { Executor } from '../sandbox/wire/executor.ts'

/** An agent's stack inside of the engine's, as in the executor process. */
const STACK_MB = 4

/** A thread of this process, without its environment and its output. */
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

/** Engines by the folder they came from: compiling one takes longer than a short agent runs. */
const engines = new Map<string, Engine>()

/** An instance of the engine in this very thread: it shares the event loop, and only the engine can interrupt it. */
export function forkTasklet(assets: string): Executor {
  const engine = engines.get(assets) ?? loadEngine(assets)
  engines.set(assets, engine)
  const { port1: outside, port2: inside } = new MessageChannel()
  serveRuns(inside, engine)
  // Whoever waits for a run holds the outer end; the inner one is not to keep the process alive on its own.
  inside.unref()
  return new PortExecutor({ port: outside, end: async () => outside.close() })
}
