import { agent, defc, sleep } from 'lander/agent'
import { FIB } from './source.ts'

export interface Question {
  /** Sources that no place has seen yet. */
  readonly salts: readonly [string, string]
  readonly n: number
  /** How often to time fib(n) and the definition of a known source. Interpreted fib(n) is timed once. */
  readonly times: number
}

export interface Told {
  /**
   * Milliseconds until a source's function can be called: for a first source, for another source, and for each of them
   * again.
   */
  readonly compileMs: { readonly first: number; readonly unseen: number; readonly known: number }
  readonly answer: number
  /** Milliseconds of one fib(n). */
  readonly kernelMs: number
  readonly interpretedMs: number
  /** The results of fib(2) before and after the swap, from the same call site. */
  readonly before: number
  readonly after: number
  /** Milliseconds until the new source is in use. */
  readonly swapMs: number
}

/** Compiles C that the agent writes at run time, and replaces a function while it is in use. */
export default agent(async ({ salts, n, times }: Question): Promise<Told> => {
  const define = (source: string) => defc('fib', 'int(int)', source)
  const first = await timed(() => define(salted(salts[0])))
  const unseen = await timed(() => define(salted(salts[1])))
  const known = await timed(async () => {
    for (let time = 0; time < times; time++) await define(salted(salts[time % 2]!))
  })
  const fib = unseen.value

  let answer = 0
  const kernel = await timed(() => {
    for (let time = 0; time < times; time++) answer = fib(n)
  })
  const interpreted = await timed(() => interpretedFib(n))
  if (answer !== interpreted.value) throw new Error(`the kernel has ${answer}, the interpreter ${interpreted.value}`)

  const before = fib(2)
  const swap = await timed(() => define(salted(salts[0]).replace('+', '+998+')))
  return {
    compileMs: { first: first.ms, unseen: unseen.ms, known: known.ms / times },
    answer,
    kernelMs: kernel.ms / times,
    interpretedMs: interpreted.ms,
    before,
    after: fib(2),
    swapMs: swap.ms,
  }
})

const salted = (salt: string) => `/* ${salt} */\n${FIB}`

function interpretedFib(x: number): number {
  return x <= 1 ? 1 : interpretedFib(x - 1) + interpretedFib(x - 2)
}

/**
 * Reads the clock. A place's clock stands still while the agent works and advances with each answer of the host, so
 * this waits for an answer first.
 */
async function timed<Value>(work: () => Value | Promise<Value>): Promise<{ value: Value; ms: number }> {
  await sleep(0)
  const start = performance.now()
  const value = await work()
  await sleep(0)
  return { value, ms: performance.now() - start }
}
