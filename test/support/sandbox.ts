import { afterAll, beforeAll } from 'vitest'
import { FUNCTION_ASSET } from '../../lib/assets/function-asset.ts'
import type { JobResult, Sandbox } from '../../lib/sandbox/contract/job.ts'
import { createSandbox } from '../../lib/sandbox/parent/sandbox.ts'
import { agentSource, jobOf, type RunOptions } from './jobs.ts'
import { type Travel, type TravelOptions, travel } from './travels.ts'

export interface TestSandbox {
  readonly assets: string
  /** The sandbox itself, while tests run. */
  sandbox(): Sandbox
  /** Runs an agent with this body. */
  run(body: string, options?: RunOptions): Promise<JobResult>
  /** Runs a complete module. */
  runModule(main: string, options?: RunOptions): Promise<JobResult>
  /** Runs an agent with this body through all its landings. */
  travel(body: string, options?: TravelOptions): Promise<Travel>
  travelModule(main: string, options?: TravelOptions): Promise<Travel>
}

/** One sandbox for all tests of a file, of the files that are deployed: they were built before the tests ran. */
export function useSandbox(): TestSandbox {
  const assets = FUNCTION_ASSET
  let sandbox: Sandbox | undefined
  beforeAll(() => {
    sandbox = createSandbox({ assets })
  })
  afterAll(() => sandbox?.[Symbol.asyncDispose]())
  return {
    assets,
    sandbox: () => sandbox!,
    run: (body, options) => sandbox!.run(jobOf(agentSource(body), options)),
    travel: (body, options) => travel(sandbox!, agentSource(body), options),
    travelModule: (main, options) => travel(sandbox!, main, options),
    runModule: (main, options) => sandbox!.run(jobOf(main, options)),
  }
}
