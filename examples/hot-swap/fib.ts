import { agent, defc, sleep } from 'lander/agent'
import { FIB } from './source.ts'

export interface Question {
  /** Texts that no place has seen yet. */
  readonly salts: readonly [string, string]
  readonly n: number
  /** How often fib(n), and defining what is known, are timed; interpreted fib(n) is timed once. */
  readonly times: number
}

export interface Told {
  /** Milliseconds until a source's function can be called: of a first one, of another one, and of either once more. */
  readonly compileMs: { readonly first: number; readonly unseen: number; readonly known: number }
  readonly answer: number
  /** Milliseconds of one fib(n). */
  readonly kernelMs: number
  readonly interpretedMs: number
  /** fib(2) before and after the swap, called the same way both times. */
  readonly before: number
  readonly after: number
  /** Until the new source serves. */
  readonly swapMs: number
}

/** Compiles C that it makes at run time, and puts another function in the place of the first while that is in use. */
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

/** The clock of a place stands while the agent works, and moves on at each answer of the host: so ask for one, twice. */
async function timed<Value>(work: () => Value | Promise<Value>): Promise<{ value: Value; ms: number }> {
  await sleep(0)
  const start = performance.now()
  const value = await work()
  await sleep(0)
  return { value, ms: performance.now() - start }
}
