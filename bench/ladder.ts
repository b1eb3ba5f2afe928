/**
 * One workload along every way an agent can run it, beside what else the machine has: Node's own V8, gcc, tcc, CPython.
 * What a rung of Lander's takes is all that its caller waits for, from `run` to the answer: signature, order, admission,
 * reading the objects. A peer reads a file on the same machine, already started.
 *
 *     npx tsx bench/ladder.ts [--quick] [--check] [--json FILE]
 */
import { randomFillSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { createFleetClients, type FleetClients } from '../lib/fleet/clients.ts'
import { packSigned } from '../lib/fleet/pack-signed.ts'
import { run } from '../lib/fleet/run.ts'
import { type LocalFleet, startLocalFleet } from '../lib/local/fleet.ts'
import { findPeers, type Peer, type Timed } from './ladder/peers.ts'
import { type BenchResult, benchmark } from './support/program.ts'

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const HOME_REGION = REGIONS[1]
const OBJECTS = 12
/** Bytes for what is slow: interpreters. */
const SLOW_BYTES = 600_000

/** A way to run the workload, and its quickest run. */
interface Rung {
  readonly name: string
  readonly slow: boolean
  odd(): Promise<Timed>
  best?: number
}

await benchmark('ladder', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    return await measure(dir, quick ? { bytes: 24_000_000, rounds: 2 } : { bytes: 96_000_000, rounds: 5 })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

async function measure(dir: string, { bytes, rounds }: { bytes: number; rounds: number }): Promise<BenchResult> {
  const data = await writeData(dir, bytes)
  const { peers, missing } = await findPeers(dir)
  await using local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: REGIONS })
  using clients = createFleetClients(local.fleet)
  await fillBuckets(local, clients, data)
  const rungs = [
    await agentRung(local, clients, 'interpreted', { file: 'interpreted.ts', slow: true }),
    await agentRung(local, clients, 'interpreted, three regions', { file: 'interpreted.ts', slow: true, spread: true }),
    ...peers.map((peer) => peerRung(peer, data)),
  ]
  await runInTurns(rungs, rounds)
  return {
    about:
      'One workload (four rounds of xorshift for every byte of an object) along every way an agent can run it, and by its peers.',
    promises: [],
    figures: { bytes: { slow: SLOW_BYTES, fast: bytes }, rungs: tableOf(rungs, data) },
    missing,
  }
}

/** The bytes of the slow and of the fast rungs, each as a file for the peers. */
interface Data {
  readonly slow: { readonly bytes: Buffer; readonly file: string }
  readonly fast: { readonly bytes: Buffer; readonly file: string }
}

async function writeData(dir: string, bytes: number): Promise<Data> {
  const fast = { bytes: randomFillSync(Buffer.alloc(bytes)), file: join(dir, 'fast') }
  const slow = { bytes: fast.bytes.subarray(0, SLOW_BYTES), file: join(dir, 'slow') }
  for (const { bytes, file } of [fast, slow]) await writeFile(file, bytes)
  return { slow, fast }
}

/** All objects in one region, and the same objects spread over three. */
async function fillBuckets({ cloud }: LocalFleet, clients: FleetClients, data: Data): Promise<void> {
  await cloud.createBucket(HOME_REGION, bucketOf(HOME_REGION, false))
  for (const region of REGIONS) await cloud.createBucket(region, bucketOf(region, true))
  for (const [prefix, { bytes }] of Object.entries(data)) {
    const step = bytes.length / OBJECTS
    for (let i = 0; i < OBJECTS; i++) {
      const object = { Key: `${prefix}/${i}`, Body: bytes.subarray(i * step, (i + 1) * step) }
      const region = REGIONS[i % REGIONS.length]!
      await clients.s3(HOME_REGION).send(new PutObjectCommand({ Bucket: bucketOf(HOME_REGION, false), ...object }))
      await clients.s3(region).send(new PutObjectCommand({ Bucket: bucketOf(region, true), ...object }))
    }
  }
}

function bucketOf(region: string, spread: boolean): string {
  return spread ? `ladder-${region}` : 'ladder-all'
}

interface AgentOptions {
  /** Its source, in `bench/ladder/`. */
  readonly file: string
  readonly slow?: boolean
  /** Over three regions rather than in one. */
  readonly spread?: boolean
}

async function agentRung(
  { fleet, developer }: LocalFleet,
  clients: FleetClients,
  name: string,
  { file, slow = false, spread = false }: AgentOptions,
): Promise<Rung> {
  const regions = spread ? REGIONS : [HOME_REGION]
  const scopes = regions.map((region) => ({ bucket: bucketOf(region, spread), prefix: '', actions: ['read'] as const }))
  const path = fileURLToPath(new URL(`ladder/${file}`, import.meta.url))
  const pack = await packSigned(path, developer, { scopes, limits: { wallMs: 600_000 } })
  const input = slow ? 'slow/' : 'fast/'
  return {
    name,
    slow,
    async odd() {
      const start = performance.now()
      const { value, outcome, regions } = await run({ fleet, clients, file: pack.file, sender: developer, input })
      const ms = performance.now() - start
      if (outcome !== 'completed') throw new Error(`${name}: ${JSON.stringify(regions)}`)
      return { answer: Number(value), ms }
    },
  }
}

function peerRung({ name, slow, odd }: Peer, data: Data): Rung {
  return { name, slow, odd: () => odd(slow ? data.slow.file : data.fast.file) }
}

/** In turns, so that a busy moment of the machine meets all of them. The first turn warms up. */
async function runInTurns(rungs: readonly Rung[], rounds: number): Promise<void> {
  const answers = new Map<boolean, number>()
  for (let round = 0; round <= rounds; round++)
    for (const rung of rungs) {
      const { answer, ms } = await rung.odd()
      const expected = answers.get(rung.slow) ?? answer
      if (answer !== expected) throw new Error(`${rung.name} answers ${answer}, others ${expected}`)
      answers.set(rung.slow, answer)
      if (round > 0) rung.best = Math.min(ms, rung.best ?? Number.POSITIVE_INFINITY)
    }
}

/** Megabytes a second, and how many times as fast as the agent that is interpreted in one region, and as V8. */
function tableOf(rungs: readonly Rung[], data: Data): Record<string, unknown>[] {
  const rate = ({ slow, best }: Rung) => (slow ? data.slow : data.fast).bytes.length / 1e6 / (best! / 1000)
  const [interpreted] = rungs
  const v8 = rungs.find(({ name }) => name.includes('V8'))!
  return rungs.map((rung) => ({
    rung: rung.name,
    'MB/s': Number(rate(rung).toPrecision(3)),
    'of interpreted': `${Number((rate(rung) / rate(interpreted!)).toPrecision(3))} ×`,
    'of V8': `${Number((rate(rung) / rate(v8)).toPrecision(3))} ×`,
  }))
}
