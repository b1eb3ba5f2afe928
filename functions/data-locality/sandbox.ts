import { createSandbox } from '../../lib/sandbox/parent/sandbox.ts'

/** Where the executor, the prelude and the engine lie: beside this file, once it is built. */
export const ASSETS: string = import.meta.dirname

/**
 * A module of its own, to be imported first: the executor starts while the SDK and the rest are still being read and
 * evaluated, which is half of a cold start.
 */
export const sandbox = createSandbox({ assets: ASSETS })
