/**
 * Measures what a hop costs without the network, by the size of the agent's state: the bytes of the sealed state, the
 * milliseconds to snapshot and seal it, and the milliseconds to open and restore it. For comparison it measures AWS's
 * durable execution: the bytes of a checkpoint, and the time of a replay after many steps.
 *
 *     npx tsx bench/hop.ts [--quick] [--check] [--json FILE]
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSandboxAssets } from '../lib/assets/sandbox-assets.ts'
import { compress } from '../lib/encoding/brotli.ts'
import { DEFAULT_LIMITS, NOTHING_SPENT } from '../lib/limits.ts'
import { decodeSnapshot, encodeSnapshot } from '../lib/sandbox/wire/snapshot.ts'
import { createFleetSecret } from '../lib/trust/fleet-secret.ts'
import { randomId, systemRandom } from '../lib/trust/keys.ts'
import { openState, sealState } from '../lib/trust/state/fleet-sealed.ts'
import { type DurablePeer, openDurable } from './hop/durable.ts'
import { type Asked, bootGuest } from './support/guest.ts'
import { type BenchResult, benchmark, median } from './support/program.ts'

const KILOBYTE = 1024
const MEGABYTE = 1024 * KILOBYTE
/** The agent's state: records of which half of the bytes are random, because real data does not compress fully. */
const SIZES = [1, 16, 256, KILOBYTE, 4 * KILOBYTE, 16 * KILOBYTE, 64 * KILOBYTE].map(
  (kilobytes) => kilobytes * KILOBYTE,
)
const SMALL_AGENT = 1 * KILOBYTE
/** The numbers of steps after which an agent hops and a durable function is replayed. */
const STEPS = [10, 100, 1000]
const LIMITS = { ...DEFAULT_LIMITS, memoryPages: 16_384, stateBytes: 1024 * MEGABYTE }

/** The approximate size of one record in the engine's memory. */
const RECORD_BYTES = 128

function recordsIn(bytes: number): number {
  return Math.max(1, Math.round(bytes / RECORD_BYTES))
}

/** An agent that keeps this many records and hops from region to region. */
function keeping(bytes: number): string {
  return agentWith(`const records = Array.from({ length: ${recordsIn(bytes)} }, (_, i) => ({ i, x: Math.random() }))`)
}

/** An agent that has awaited this many steps and keeps their results. */
function stepping(steps: number): string {
  return agentWith(`const step = async (i) => ({ i, x: Math.random() })
      const records = []
      for (let i = 0; i < ${steps}; i++) records.push(await step(i))`)
}

function agentWith(work: string): string {
  return `import { agent, here, hop } from 'lander/agent'
    export default agent(async () => {
      ${work}
      const counts = new Map([[here.region, 1]])
      for (const region of here.regions) { await hop(region); counts.set(here.region, records.length) }
      return [...counts]
    })`
}

const start = {
  entry: 'run',
  context: { mission: 'm', fleet: 'f', region: 'us-east-1', regions: ['us-east-1', 'eu-west-1'] },
  seed: [1, 2, 3, 4],
  limits: { resultBytes: 1e6, errorBytes: 1e3 },
  input: 'null',
}
const secret = createFleetSecret()
const digest = 'A'.repeat(43)
const context = {
  fleet: 'f',
  mission: randomId(systemRandom),
  manifest: digest,
  branch: 'us-east-1',
  kind: 'agent' as const,
  sequence: 1,
  from: 'us-east-1',
  to: 'eu-west-1',
  engine: digest,
  abi: 1,
  expiresAt: Date.now() + 3_600_000,
}
const checks = { secret, expected: context, limits: LIMITS, now: Date.now() }

interface Sample {
  readonly snapshotAndSealMs: number
  readonly openAndRestoreMs: number
  readonly stateBytes: number
  readonly sealedBytes: number
  readonly compressedBytes: number
  readonly memoryBytes: number
}

async function hop(engine: WebAssembly.Module, prelude: string, main: string): Promise<Sample> {
  const asked: Asked[] = []
  const boot = () => bootGuest({ engine, prelude, memoryPages: LIMITS.memoryPages, asked })
  const here = await boot()
  here.load(main)
  here.start(JSON.stringify(start), 1e12)
  const [, call] = asked.pop()!
  const notes = { waiting: { kind: 'hop' as const, call }, now: 1e12, timers: [], streams: [], leftBehind: [] }

  const startedAt = performance.now()
  const state = encodeSnapshot({ memory: here.snapshot(), notes })
  const travelling = { pages: here.memoryPages, copy: null, spent: NOTHING_SPENT, receipt: null, bytes: state }
  const sealed = sealState(context, travelling, { secret })
  const sealedAt = performance.now()
  const memoryBytes = here.image().length
  here.dispose()

  const openedAt = performance.now()
  const opened = openState(sealed, checks)
  const there = await boot()
  there.load(main)
  there.restore(decodeSnapshot(opened.state.bytes).memory)
  there.arrive(JSON.stringify({ context: { ...start.context, region: 'eu-west-1' }, settled: [[call, '']] }), 1e12)
  const restoredAt = performance.now()
  const [end] = asked.pop()!
  if (end !== 'return') throw new Error(`the agent ended with ${end}`)
  there.dispose()
  return {
    snapshotAndSealMs: sealedAt - startedAt,
    openAndRestoreMs: restoredAt - openedAt,
    sealedBytes: sealed.length,
    stateBytes: state.length,
    compressedBytes: compress(state, { quality: 5 }).length,
    memoryBytes,
  }
}

async function repeat<T>(rounds: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let round = 0; round < rounds; round++) results.push(await work())
  return results
}

function medians(samples: readonly Sample[]): Record<string, number> {
  const names = Object.keys(samples[0]!) as (keyof Sample)[]
  return Object.fromEntries(names.map((name) => [name, median(samples.map((sample) => sample[name]))]))
}

/** Returns the fastest of several batches, because other programs on the machine can only slow a batch down. */
function leastOf(batches: readonly Record<string, number>[]): Record<string, number> {
  const names = Object.keys(batches[0]!)
  return Object.fromEntries(
    names.map((name) => [name, Number(Math.min(...batches.map((batch) => batch[name]!)).toPrecision(3))]),
  )
}

/** Returns the fastest of several batches of hops. */
type Measure = (main: string, rounds: number, batches: number) => Promise<Record<string, number>>

async function measure({ quick }: { quick: boolean }): Promise<BenchResult> {
  const assets = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  await buildSandboxAssets(assets)
  const engine = new WebAssembly.Module(readFileSync(join(assets, 'quickjs.wasm')))
  const prelude = readFileSync(join(assets, 'prelude.mjs'), 'utf8')
  await rm(assets, { recursive: true })
  const hops: Measure = async (main, rounds, batches) => {
    await hop(engine, prelude, main)
    return leastOf(await repeat(batches, async () => medians(await repeat(rounds, () => hop(engine, prelude, main)))))
  }
  const durable = await openDurable()
  const peer = 'run' in durable ? durable : undefined
  try {
    const rows = await bySize(hops, peer, quick)
    const small = rows[0]!
    return {
      about:
        'What a hop costs without the network, by what the agent keeps and by the steps it has made, beside checkpoints and replays of AWS’s durable execution in its local runner.',
      promises: [
        { name: 'small agent, compressed', value: small.compressedBytes!, unit: 'bytes', atMost: 4096 },
        { name: 'small agent, snapshot and seal, p50', value: small.snapshotAndSealMs!, unit: 'ms', atMost: 5 },
        { name: 'small agent, open and restore, p50', value: small.openAndRestoreMs!, unit: 'ms', atMost: 10 },
      ],
      figures: { rows, steps: await bySteps(hops, peer, quick ? 1 : 4) },
      ...('run' in durable ? {} : { missing: durable }),
    }
  } finally {
    await peer?.close()
  }
}

/** Compares the same data as an agent's state and as the result of one durable step, which AWS limits to 256 KB. */
async function bySize(hops: Measure, peer: DurablePeer | undefined, quick: boolean) {
  const rows: Record<string, number>[] = []
  for (const bytes of SIZES.filter((size) => !quick || size <= 4 * MEGABYTE)) {
    const batches = bytes !== SMALL_AGENT ? 2 : quick ? 4 : 8
    const least = await hops(keeping(bytes), bytes <= MEGABYTE ? 12 : 3, batches)
    const records = Array.from({ length: recordsIn(bytes) }, (_, i) => ({ i, x: Math.random() }))
    const run = await peer?.run({ steps: 1, result: () => records })
    rows.push({ keptBytes: bytes, ...least, ...(run && { durableCheckpointBytes: run.checkpointBytes }) })
  }
  return rows
}

/** Compares the same steps in an agent that then hops and in a durable function that is then replayed. */
async function bySteps(hops: Measure, peer: DurablePeer | undefined, replays: number) {
  const rows: Record<string, number>[] = []
  for (const steps of STEPS) {
    const { stateBytes, openAndRestoreMs } = await hops(stepping(steps), 5, 2)
    const run = await peer?.run({ steps, result: (i) => ({ i, x: Math.random() }), replays })
    const durable = run && {
      durableCheckpointBytes: run.checkpointBytes,
      durableStateBytes: run.stateBytes,
      durableReplayMs: Number(run.replayMs.toPrecision(3)),
    }
    rows.push({ steps, stateBytes: stateBytes!, openAndRestoreMs: openAndRestoreMs!, ...durable })
  }
  return rows
}

await benchmark('hop', measure)
