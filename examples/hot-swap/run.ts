/**
 * C inside a program, compiled while the agent runs and replaced while it is in use: the seed's fib(30), and its `+`
 * replaced by `+998+`. For comparison: gcc, tcc and CPython, if they are installed.
 *
 *     npx tsx examples/hot-swap/run.ts [--quick] [--json FILE] [--n N] [--times N]
 */
import { join } from 'node:path'
import { table } from '../../scripts/terminal/output.ts'
import { type Report, runExample, type Stage, say } from '../support/example.ts'
import { type Figure, format, type Peer } from '../support/figures.ts'
import { completedValue, fly } from '../support/mission.ts'
import { type PythonAnswer, runPython } from '../support/python.ts'
import type { Question, Told } from './fib.ts'
import { type NativeTimes, timeNative } from './native.ts'
import { FIB } from './source.ts'

/**
 * The seed's measurements in seconds: cinpy compiled in 3.33 ms; fib(30) took 0.034 s with TCC in cinpy, and 0.016 s
 * with gcc.
 */
const SEED = { compile: 0.00333, tcc: 0.034, gcc: 0.016 }
/** The number of missions. In the first one nothing is warm. */
const MISSIONS = 4

type Swap = Stage<'n' | 'times'>

await runExample({
  name: 'hot-swap',
  regions: ['us-east-1'],
  sizes: { n: 30, times: 20 },
  quick: { n: 25, times: 10 },
  perform,
})

async function perform(stage: Swap): Promise<Report> {
  const { n, times } = stage.sizes
  const missions: Told[] = []
  for (let mission = 0; mission < MISSIONS; mission++) {
    say(mission === 0 ? 'compiling where nothing is warm' : 'compiling where the compiler has run before')
    missions.push(await ask(stage, mission))
  }
  say('the same by gcc, tcc and CPython')
  const native = { source: FIB, dir: stage.dir, n, times, tries: MISSIONS }
  const gcc = await timeNative('gcc', ['-O2'], native)
  const tcc = await timeNative('tcc', [], native)
  const python = await runPython<PythonFib>(join(import.meta.dirname, 'fib.py'), [n])
  const answers = [gcc.answer, tcc.answer, 'told' in python ? python.told.answer : undefined]
  const told = { missions, gcc, tcc, python, n }
  return {
    figures: figuresOf(told),
    right:
      missions.every(({ before, after }) => before === 2 && after === 1000) &&
      missions.every(({ answer }) => answers.every((theirs) => theirs === undefined || theirs === answer)),
    text: describe(missions),
    details: told,
  }
}

async function ask(stage: Swap, mission: number): Promise<Told> {
  // Each text contains the current time, so that no compiler has seen it.
  const salts = [0, 1].map((n) => `${Date.now()} ${mission} ${n}`) as [string, string]
  const input: Question = { salts, ...stage.sizes }
  const agent = join(import.meta.dirname, 'fib.ts')
  return completedValue(await fly(stage, { agent, input, compiles: true }))
}

interface PythonFib {
  readonly answer: number
  readonly seconds: number
}

interface Measured {
  readonly missions: readonly Told[]
  readonly gcc: NativeTimes
  readonly tcc: NativeTimes
  readonly python: PythonAnswer<PythonFib>
  readonly n: number
}

function figuresOf({ missions: [cold, ...warm], gcc, tcc, python, n }: Measured): Figure[] {
  const best = (of: (told: Told) => number) => Math.min(...warm.map(of)) / 1000
  const kernel = best(({ kernelMs }) => kernelMs)
  const fib = `fib(${n})`
  const compilers = [tcc.compile, gcc.compile]
  const interpreter: Peer = 'told' in python ? { name: python.name, value: python.told.seconds } : python
  return [
    { what: 'compiling C, all cold', unit: 'seconds', ours: cold!.compileMs.first / 1000 },
    {
      what: 'compiling C that is in no cache',
      unit: 'seconds',
      seed: SEED.compile,
      ours: best(({ compileMs: { first, unseen } }) => Math.min(first, unseen)),
      peers: compilers,
    },
    {
      what: 'C that was seen before',
      unit: 'seconds',
      seed: SEED.compile,
      ours: best(({ compileMs }) => compileMs.known),
      atMost: SEED.compile,
    },
    {
      what: `${fib}, compiled`,
      unit: 'seconds',
      ...(n === 30 && { seed: SEED.tcc }),
      ours: kernel,
      peers: [tcc.call, gcc.call],
    },
    ...multiple('… as a multiple of gcc’s time', kernel, gcc.call, n === 30 ? SEED.tcc / SEED.gcc : undefined),
    ...multiple('… as a multiple of tcc’s time', kernel, tcc.call),
    {
      what: `${fib}, interpreted`,
      unit: 'seconds',
      ours: best(({ interpretedMs }) => interpretedMs),
      peers: [interpreter],
    },
    { what: 'swapping a function in use', unit: 'seconds', ours: best(({ swapMs }) => swapMs) },
    { what: 'fib(2) with + made +998+', unit: 'count', seed: 1000, ours: warm[0]!.after },
  ]
}

function multiple(what: string, ours: number, peer: Peer, seed?: number): Figure[] {
  if ('missing' in peer) return []
  return [{ what, unit: 'times', ours: ours / peer.value, ...(seed !== undefined && { seed }) }]
}

function describe(missions: readonly Told[]): string {
  const time = (ms: number) => format(ms / 1000, 'seconds')
  return [
    FIB,
    table(
      ['mission', 'first source', 'another', 'seen before', 'one call', 'interpreted', 'swap', 'fib(2)', 'after it'],
      missions.map(({ compileMs, kernelMs, interpretedMs, before, after, swapMs }, mission) => [
        `${mission + 1}`,
        ...[compileMs.first, compileMs.unseen, compileMs.known, kernelMs, interpretedMs, swapMs].map(time),
        `${before}`,
        `${after}`,
      ]),
    ),
  ].join('\n')
}
