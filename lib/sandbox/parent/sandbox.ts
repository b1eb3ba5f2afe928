import type { Job, JobResult, Sandbox } from '../contract/job.ts'
import type { ForkExecutor } from '../wire/executor.ts'
import { ExecutorPool } from './executor-pool.ts'
import { Run } from './run.ts'

export interface SandboxOptions {
  /** The folder that `buildSandboxAssets` has written. */
  readonly assets: string
  /** How many executors are started ahead of need, and how many used ones are kept (at least one). @default 1 */
  readonly spare?: number
  /** Starts an executor. @default a child process */
  readonly fork?: ForkExecutor
}

/** How many executors may turn out to be dead before a run fails. */
const MAX_ATTEMPTS = 3

/**
 * Makes a sandbox. Agents run in child processes without credentials or environment. Each run has a fresh engine
 * instance, and no process runs two bundles. Access to objects, and all counters, stay in this process.
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
    // After Lambda has suspended an instance, executors may be dead. A run that never started is safe to retry.
    const died = !report.started && report.result.outcome.kind === 'failed'
    return died && attempt < MAX_ATTEMPTS ? run(job, attempt + 1) : report.result
  }

  return { run, [Symbol.asyncDispose]: () => pool.close() }
}
