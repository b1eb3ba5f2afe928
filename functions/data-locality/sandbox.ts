import { createSandbox } from '../../lib/sandbox/parent/sandbox.ts'

/** The folder with executor, prelude and engine: beside the built file. */
export const ASSETS: string = import.meta.dirname

/**
 * A separate module, imported first: the executor starts while the SDK and the rest still load, which takes half of a
 * cold start.
 */
export const sandbox = createSandbox({ assets: ASSETS })
