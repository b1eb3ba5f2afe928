import type { Job, JobResult, Sandbox } from '../contract/job.ts'
import type { ForkExecutor } from '../wire/executor.ts'
import { ExecutorPool } from './executor-pool.ts'
import { Run } from './run.ts'

export interface SandboxOptions {
  /** The folder `buildSandboxAssets` has written. */
  readonly assets: string
  /** Executors forked ahead of need. Between runs as many used ones wait for their bundle, and one at least. @default 1 */
  readonly spare?: number
  /** Makes the executors. @default child processes */
  readonly fork?: ForkExecutor
}

/** Executors that were found dead before a run gives up. */
const MAX_ATTEMPTS = 3

/**
 * A sandbox: agents run in child processes without credentials or environment, each run in a fresh instance of the
 * engine, and no process runs two bundles. The objects a run may see, and every count, stay in this process.
 *
 * @example
 * await using sandbox = createSandbox({ assets: 'dist/sandbox' })
 * const { outcome } = await sandbox.run(job)
 */
export function createSandbox({ assets, spare = 1, fork }: SandboxOptions): Sandbox {
  const pool = new ExecutorPool(assets, spare, fork)
  let runs = 0

  async function run(job: Job, attempt = 1): Promise<JobResult> {
    const bundle = job.bundle.manifestDigest
    const executor = pool.acquire(bundle)
    const report = await new Run(job, executor, ++runs).report()
    pool.release(executor, bundle, report.healthy)
    // A frozen function wakes up with executors that may have died: one that never began has run nothing.
    const died = !report.started && report.result.outcome.kind === 'failed'
    return died && attempt < MAX_ATTEMPTS ? run(job, attempt + 1) : report.result
  }

  return { run, [Symbol.asyncDispose]: () => pool.close() }
}
