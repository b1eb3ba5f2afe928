import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { buildSandboxAssets } from '../../lib/assets/sandbox-assets.ts'
import type { JobResult, Sandbox } from '../../lib/sandbox/contract/job.ts'
import { createSandbox } from '../../lib/sandbox/parent/sandbox.ts'
import { agentSource, jobOf, type RunOptions } from './jobs.ts'
import { type Travel, type TravelOptions, travel } from './travels.ts'

export interface TestSandbox {
  readonly assets: string
  /** The sandbox itself, while tests run. */
  sandbox(): Sandbox
  /** Runs an agent whose body is `body`. */
  run(body: string, options?: RunOptions): Promise<JobResult>
  /** Runs a whole module. */
  runModule(main: string, options?: RunOptions): Promise<JobResult>
  /** Runs an agent whose body is `body`, wherever it goes. */
  travel(body: string, options?: TravelOptions): Promise<Travel>
  travelModule(main: string, options?: TravelOptions): Promise<Travel>
}

/** One sandbox for all tests of a file. */
export function useSandbox(): TestSandbox {
  const assets = mkdtempSync(join(tmpdir(), 'lander-sandbox-'))
  let sandbox: Sandbox | undefined
  beforeAll(async () => {
    await buildSandboxAssets(assets)
    sandbox = createSandbox({ assets })
  })
  afterAll(async () => {
    await sandbox?.[Symbol.asyncDispose]()
    rmSync(assets, { recursive: true })
  })
  return {
    assets,
    sandbox: () => sandbox!,
    run: (body, options) => sandbox!.run(jobOf(agentSource(body), options)),
    travel: (body, options) => travel(sandbox!, agentSource(body), options),
    travelModule: (main, options) => travel(sandbox!, main, options),
    runModule: (main, options) => sandbox!.run(jobOf(main, options)),
  }
}
