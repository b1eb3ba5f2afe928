/**
 * Moves 100,000 tasklets in the middle of their work. The agent's heap holds a generator for each robot. The agent is
 * suspended after five of ten rounds, sealed, opened and restored elsewhere, where each robot does the other five.
 * Measures the bytes and milliseconds of the hop without the network, and checks every robot's rounds.
 *
 *     npx tsx bench/tasklets.ts [--quick] [--check] [--json FILE]
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSandboxAssets } from '../lib/assets/sandbox-assets.ts'
import { DEFAULT_LIMITS, MAX_LIMITS, NOTHING_SPENT } from '../lib/limits.ts'
import { decodeSnapshot, encodeSnapshot } from '../lib/sandbox/wire/snapshot.ts'
import { createFleetSecret } from '../lib/trust/fleet-secret.ts'
import { randomId, systemRandom } from '../lib/trust/keys.ts'
import { openState, sealState } from '../lib/trust/state/fleet-sealed.ts'
import { type Asked, bootGuest } from './support/guest.ts'
import { type BenchResult, benchmark } from './support/program.ts'

const ROUNDS = 10
const [HERE, THERE] = ['us-east-1', 'eu-west-1']
const LIMITS = { ...DEFAULT_LIMITS, memoryPages: 4096, stateBytes: MAX_LIMITS.stateBytes }

/** Each robot keeps its position, its points and the count of its rounds in local variables of its generator. */
const source = (robots: number) => `import { agent, hop } from 'lander/agent'
  function* robot(id) {
    let [x, y, points, rounds] = [id, id, 0, 0]
    for (;;) {
      x = Math.floor(Math.random() * 10_000)
      y = Math.floor(Math.random() * 10_000)
      if ((x + y) % 2 === 0) points++
      rounds++
      yield { rounds, points, x, y }
    }
  }
  export default agent(async () => {
    const robots = Array.from({ length: ${robots} }, (_, id) => robot(id))
    for (let round = 0; round < ${ROUNDS / 2}; round++) for (const one of robots) one.next()
    await hop('${THERE}')
    let intact = 0
    for (let round = 1; round <= ${ROUNDS / 2}; round++)
      for (const one of robots) if (one.next().value.rounds === ${ROUNDS} && round === ${ROUNDS / 2}) intact++
    return intact
  })`

const place = (region: string) => ({ mission: 'm', fleet: 'f', region, regions: [HERE, THERE] })
const digest = 'A'.repeat(43)
const secret = createFleetSecret()
const context = {
  fleet: 'f',
  mission: randomId(systemRandom),
  manifest: digest,
  branch: HERE,
  kind: 'agent' as const,
  sequence: 1,
  from: HERE,
  to: THERE,
  engine: digest,
  abi: 1,
  expiresAt: Date.now() + 3_600_000,
}

interface Crossing {
  readonly memoryBytes: number
  readonly stateBytes: number
  readonly sealedBytes: number
  readonly snapshotMs: number
  readonly sealMs: number
  readonly openMs: number
  /** Milliseconds to boot, to load and to restore the memory. Then the agent's next line runs. */
  readonly restoreMs: number
  readonly allMs: number
  /** The number of robots that completed all rounds. */
  readonly intact: number
}

async function cross(engine: WebAssembly.Module, prelude: string, main: string): Promise<Crossing> {
  const asked: Asked[] = []
  const boot = () => bootGuest({ engine, prelude, memoryPages: LIMITS.memoryPages, asked })
  const here = await boot()
  here.load(main)
  const limits = { resultBytes: 1e6, errorBytes: 1e3 }
  here.start(JSON.stringify({ entry: 'run', context: place(HERE), seed: [1, 2, 3, 4], limits, input: 'null' }), 1e12)
  const [, call] = asked.pop()!
  const notes = { waiting: { kind: 'hop' as const, call }, now: 1e12, timers: [], streams: [], leftBehind: [] }
  const memoryBytes = here.image().length

  const marks = [performance.now()]
  const mark = () => marks.push(performance.now())
  const state = encodeSnapshot({ memory: here.snapshot(), notes })
  mark()
  const travelling = { pages: here.memoryPages, copy: null, spent: NOTHING_SPENT, receipt: null, bytes: state }
  const sealed = sealState(context, travelling, { secret })
  mark()
  const opened = openState(sealed, { secret, expected: context, limits: LIMITS, now: Date.now() })
  mark()
  const there = await boot()
  there.load(main)
  there.restore(decodeSnapshot(opened.state.bytes).memory)
  mark()
  here.dispose()
  there.arrive(JSON.stringify({ context: place(THERE), settled: [[call, '']] }), 1e12)
  const [name, , intact] = asked.pop()!
  there.dispose()
  if (name !== 'return') throw new Error(`the agent ended with ${name}`)
  const [snapshotMs, sealMs, openMs, restoreMs] = marks.slice(1).map((at, index) => at - marks[index]!) as [
    number,
    number,
    number,
    number,
  ] // prettier-ignore
  const allMs = marks.at(-1)! - marks[0]!
  return {
    memoryBytes,
    stateBytes: state.length,
    sealedBytes: sealed.length,
    snapshotMs,
    sealMs,
    openMs,
    restoreMs,
    allMs,
    intact: Number(intact),
  } // prettier-ignore
}

async function measure({ quick }: { quick: boolean }): Promise<BenchResult> {
  const assets = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  await buildSandboxAssets(assets)
  const engine = new WebAssembly.Module(readFileSync(join(assets, 'quickjs.wasm')))
  const prelude = readFileSync(join(assets, 'prelude.mjs'), 'utf8')
  await rm(assets, { recursive: true })
  const robots = 100_000
  const runs: Crossing[] = []
  for (let run = 0; run < (quick ? 2 : 5); run++) runs.push(await cross(engine, prelude, source(robots)))
  // The fastest hop counts, because other programs on the machine can only slow it down.
  const best = runs.reduce((a, b) => (b.allMs < a.allMs ? b : a))
  return {
    about: 'one agent with 100,000 generators is frozen half way, sealed, opened and restored; no network',
    promises: [
      { name: '100,000 tasklets, sealed', value: best.sealedBytes, unit: 'bytes', atMost: 20_000_000 },
      { name: '100,000 tasklets, snapshot to restored', value: best.allMs, unit: 'ms', atMost: 2000 },
      {
        name: 'tasklets whose rounds are all there',
        value: Math.min(...runs.map(({ intact }) => intact)),
        unit: 'robots',
        atLeast: robots,
      }, // prettier-ignore
    ],
    figures: { robots, ...rounded(best) },
  }
}

function rounded(crossing: Crossing): Record<string, number> {
  return Object.fromEntries(Object.entries(crossing).map(([name, value]) => [name, Math.round(value)]))
}

await benchmark('tasklets', measure)
