/**
 * What a hop costs, without the network: bytes of the sealed box, and milliseconds to freeze and seal on one side, to
 * open and restore on the other, by the size of what the agent keeps.
 *
 *     npx tsx bench/hop.ts [--quick] [--check] [--json FILE]
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSandboxAssets } from '../lib/bundle/sandbox-assets.ts'
import { compress } from '../lib/encoding/brotli.ts'
import { DEFAULT_LIMITS, NOTHING_SPENT } from '../lib/limits.ts'
import { Machine } from '../lib/sandbox/machine.ts'
import { decodeSnapshot, encodeSnapshot } from '../lib/sandbox/snapshot.ts'
import { createFleetSecret } from '../lib/trust/fleet-secret.ts'
import { randomId, systemRandom } from '../lib/trust/keys.ts'
import { openState, sealState } from '../lib/trust/sealed-state.ts'
import { type BenchResult, benchmark, median } from './support/program.ts'

const KILOBYTE = 1024
const MEGABYTE = 1024 * KILOBYTE
/** What an agent keeps: records, half of whose bytes are noise, as data is. */
const SIZES = [1, 16, 256, KILOBYTE, 4 * KILOBYTE, 16 * KILOBYTE, 64 * KILOBYTE].map(
  (kilobytes) => kilobytes * KILOBYTE,
)
const SMALL_AGENT = 1 * KILOBYTE
const LIMITS = { ...DEFAULT_LIMITS, memoryPages: 16_384, stateBytes: 1024 * MEGABYTE }

/** About the size of one record in the engine. */
const RECORD_BYTES = 128

function source(bytes: number): string {
  return `import { agent, here, hop } from 'lander/agent'
    export default agent(async () => {
      const records = Array.from({ length: ${Math.max(1, Math.round(bytes / RECORD_BYTES))} }, (_, i) => ({ i, x: Math.random() }))
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
  statement: digest,
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
  readonly freezeAndSealMs: number
  readonly openAndRestoreMs: number
  readonly boxBytes: number
  readonly stateBytes: number
  readonly compressedBytes: number
  readonly memoryBytes: number
}

async function hop(engine: WebAssembly.Module, prelude: string, main: string): Promise<Sample> {
  const calls: [name: string, id: number, request: string][] = []
  const boot = () =>
    Machine.boot({
      engine,
      prelude,
      memoryPages: LIMITS.memoryPages,
      compiles: false,
      hostCall: (name, id, request) => calls.push([name, id, request]),
      expired: () => false,
      onStop: ({ kind }) => {
        throw new Error(kind)
      },
    })
  const here = await boot()
  here.load(main)
  here.start(JSON.stringify(start), 1e12)
  const [, call] = calls.pop()!
  const notes = { waiting: { kind: 'hop' as const, call }, now: 1e12, timers: [], streams: [], leftBehind: [] }

  const frozenAt = performance.now()
  const state = encodeSnapshot({ memory: here.freeze(), notes })
  const travelling = { pages: here.memoryPages, copy: null, spent: NOTHING_SPENT, receipt: null, bytes: state }
  const box = sealState(context, travelling, { secret })
  const sealedAt = performance.now()
  const memoryBytes = here.image().length
  here.dispose()

  const openedAt = performance.now()
  const opened = openState(box, checks)
  const there = await boot()
  there.load(main)
  there.thaw(decodeSnapshot(opened.state.bytes).memory)
  there.arrive(JSON.stringify({ context: { ...start.context, region: 'eu-west-1' }, settled: [[call, '']] }), 1e12)
  const restoredAt = performance.now()
  const [end] = calls.pop()!
  if (end !== 'return') throw new Error(`the agent ended with ${end}`)
  there.dispose()
  return {
    freezeAndSealMs: sealedAt - frozenAt,
    openAndRestoreMs: restoredAt - openedAt,
    boxBytes: box.length,
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

/** Of several batches the quietest: what else runs on the machine only ever makes them slower. */
function leastOf(batches: readonly Record<string, number>[]): Record<string, number> {
  const names = Object.keys(batches[0]!)
  return Object.fromEntries(
    names.map((name) => [name, Number(Math.min(...batches.map((batch) => batch[name]!)).toPrecision(3))]),
  )
}

async function measure({ quick }: { quick: boolean }): Promise<BenchResult> {
  const assets = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  await buildSandboxAssets(assets)
  const engine = new WebAssembly.Module(readFileSync(join(assets, 'quickjs.wasm')))
  const prelude = readFileSync(join(assets, 'prelude.mjs'), 'utf8')
  await rm(assets, { recursive: true })
  const rows: Record<string, number>[] = []
  for (const bytes of SIZES.filter((size) => !quick || size <= 4 * MEGABYTE)) {
    const rounds = bytes <= MEGABYTE ? 12 : 3
    const main = source(bytes)
    await hop(engine, prelude, main)
    const batches: Record<string, number>[] = []
    for (let batch = 0; batch < (bytes === SMALL_AGENT ? 8 : 2); batch++)
      batches.push(medians(await repeat(rounds, () => hop(engine, prelude, main))))
    rows.push({ keptBytes: bytes, ...leastOf(batches) })
  }
  const small = rows[0]!
  return {
    promises: [
      { name: 'small agent, compressed', value: small.compressedBytes!, unit: 'bytes', atMost: 4096 },
      { name: 'small agent, freeze and seal, p50', value: small.freezeAndSealMs!, unit: 'ms', atMost: 5 },
      { name: 'small agent, open and restore, p50', value: small.openAndRestoreMs!, unit: 'ms', atMost: 10 },
    ],
    figures: { rows },
  }
}

await benchmark('hop', measure)
