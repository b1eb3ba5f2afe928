/**
 * One workload along every way an agent can run it, beside what else the machine has: Node's own V8, gcc, tcc, CPython.
 * What a rung of Lander's takes is all that its caller waits for, from `run` to the answer: signature, order, admission,
 * reading the objects. A peer reads a file on the same machine, already started.
 *
 *     npx tsx bench/ladder.ts [--quick] [--check] [--json FILE]
 */
import { randomFillSync } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { Json } from '../lib/encoding/json.ts'
import { createFleetClients, type FleetClients } from '../lib/fleet/clients.ts'
import type { MissionOptions } from '../lib/fleet/mission.ts'
import { packSigned } from '../lib/fleet/pack-signed.ts'
import { run } from '../lib/fleet/run.ts'
import { type LocalFleet, startLocalFleet } from '../lib/local/fleet.ts'
import { CTYPES, findPeers, GCC, type Peer, TCC, type Timed, V8 } from './ladder/peers.ts'
import { type BenchResult, benchmark, type Promised } from './support/program.ts'

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const HOME_REGION = REGIONS[1]
const OBJECTS = 12
const TURNS = 2
/** Bytes for what is slow: interpreters. */
const SLOW_BYTES = 600_000

const RUNGS = {
  interpreted: 'agent, interpreted',
  interpretedSpread: 'agent, interpreted, in three regions',
  assemblyScript: 'kernel in AssemblyScript',
  c: 'kernel in C',
  threads: 'kernel in C, on all threads',
  threadsSpread: 'kernel in C, on all threads of three regions',
} as const

const FIB = { interpreted: 'agent, interpreted', kernel: 'kernel in C' } as const
const FIB_N = 30

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
    return await measure(dir, quick ? { bytes: 24_000_000, rounds: 1 } : { bytes: 96_000_000, rounds: 3 })
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
  const agents: AgentRunner = (name, options) => agentRung(local, clients, name, options)
  const rungs = [...(await landerRungs(agents, dir)), ...peers.map((peer) => peerRung(peer, data))]
  await runInTurns(rungs, rounds)
  const fib = await measureFib(local, clients, peers, rounds)
  return {
    about:
      'One workload (four rounds of xorshift for every byte of an object) along every way an agent can run it, and by its peers; and fib(30).',
    promises: promisesOf(fib),
    figures: {
      bytes: { slow: SLOW_BYTES, fast: bytes },
      ratios: ratiosOf(rungs, data, fib),
      rungs: tableOf(rungs, data),
      fib30: fibTable(fib),
    },
    missing,
  }
}

type AgentRunner = (name: string, options: AgentOptions) => Promise<Rung>

/** Lander's own, from the slowest to the fastest. */
async function landerRungs(agent: AgentRunner, dir: string): Promise<Rung[]> {
  return [
    await agent(RUNGS.interpreted, { path: source('interpreted.ts'), slow: true }),
    await agent(RUNGS.interpretedSpread, { path: source('interpreted.ts'), slow: true, spread: true }),
    await agent(RUNGS.assemblyScript, { path: await writeAssemblyScript(dir) }),
    await agent(RUNGS.c, { path: source('kernel-c.ts') }),
    await agent(RUNGS.threads, { path: source('kernel-threads.ts') }),
    await agent(RUNGS.threadsSpread, { path: source('kernel-threads.ts'), spread: true }),
  ]
}

/** The agent of the C kernel, with its kernel in AssemblyScript: no more than an import is another. */
async function writeAssemblyScript(dir: string): Promise<string> {
  const agent = (await readFile(source('kernel-c.ts'), 'utf8')).replace('./odd.c', './odd.as.ts')
  await writeFile(join(dir, 'kernel-assemblyscript.ts'), agent)
  await copyFile(source('odd.as.ts'), join(dir, 'odd.as.ts'))
  return join(dir, 'kernel-assemblyscript.ts')
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
  readonly path: string
  readonly slow?: boolean
  /** Over three regions rather than in one. */
  readonly spread?: boolean
}

async function agentRung(
  { fleet, developer }: LocalFleet,
  clients: FleetClients,
  name: string,
  { path, slow = false, spread = false }: AgentOptions,
): Promise<Rung> {
  const regions = spread ? REGIONS : [HOME_REGION]
  const scopes = regions.map((region) => ({ bucket: bucketOf(region, spread), prefix: '', actions: ['read'] as const }))
  const pack = await packSigned(path, developer, { scopes, limits: { wallMs: 600_000 } })
  return {
    name,
    slow,
    odd: () => runTimed({ fleet, clients, file: pack.file, sender: developer }, slow ? 'slow/' : 'fast/'),
  }
}

async function runTimed(mission: MissionOptions, input: Json): Promise<Timed> {
  const start = performance.now()
  const { value, outcome, regions } = await run({ ...mission, input })
  const ms = performance.now() - start
  if (outcome !== 'completed') throw new Error(JSON.stringify(regions))
  return { answer: Number(value), ms }
}

function peerRung({ name, slow, odd }: Peer, data: Data): Rung {
  return { name, slow, odd: () => odd(slow ? data.slow.file : data.fast.file) }
}

/** Each a few times in a row, warm, and all of them again, so that a busy moment of the machine is not one rung's. */
async function runInTurns(rungs: readonly Rung[], rounds: number): Promise<void> {
  const answers = new Map<boolean, number>()
  for (let turn = 0; turn < TURNS; turn++)
    for (const rung of rungs)
      for (let round = 0; round <= rounds; round++) {
        const { answer, ms } = await rung.odd()
        const expected = answers.get(rung.slow) ?? answer
        if (answer !== expected) throw new Error(`${rung.name} answers ${answer}, others ${expected}`)
        answers.set(rung.slow, answer)
        if (round > 0) rung.best = Math.min(ms, rung.best ?? Number.POSITIVE_INFINITY)
      }
}

/** Megabytes a second. */
function rateOf({ slow, best }: Rung, data: Data): number {
  return (slow ? data.slow : data.fast).bytes.length / 1e6 / (best! / 1000)
}

function tableOf(rungs: readonly Rung[], data: Data): Record<string, unknown>[] {
  const [interpreted] = rungs
  const v8 = rungs.find(({ name }) => name === V8)!
  const against = (rung: Rung, other: Rung) => `${round(rateOf(rung, data) / rateOf(other, data))} ×`
  return rungs.map((rung) => ({
    way: rung.name,
    'MB/s': round(rateOf(rung, data)),
    'of interpreted': against(rung, interpreted!),
    'of V8': against(rung, v8),
  }))
}

/** What a step from one way to another is worth; `null` where a peer is missing. */
function ratiosOf(rungs: readonly Rung[], data: Data, fib: readonly Fib[]): Record<string, number | null> {
  const rate = (name: string) => {
    const rung = rungs.find((candidate) => candidate.name === name)
    return rung === undefined ? Number.NaN : rateOf(rung, data)
  }
  const fibMs = (name: string) => fib.find((candidate) => candidate.name === name)?.ms ?? Number.NaN
  const ratios = {
    regions: rate(RUNGS.interpretedSpread) / rate(RUNGS.interpreted),
    assemblyScript: rate(RUNGS.assemblyScript) / rate(RUNGS.interpreted),
    c: rate(RUNGS.c) / rate(RUNGS.interpreted),
    threads: rate(RUNGS.threads) / rate(RUNGS.c),
    threadsAndRegions: rate(RUNGS.threadsSpread) / rate(RUNGS.c),
    fibKernel: fibMs(FIB.interpreted) / fibMs(FIB.kernel),
    multiprocessing: rate('CPython, multiprocessing') / rate('CPython'),
    pypy: rate('PyPy') / rate('CPython'),
    ctypes: rate(CTYPES) / rate('CPython'),
    ofCPython: rate(RUNGS.interpreted) / rate('CPython'),
  }
  return Object.fromEntries(
    Object.entries(ratios).map(([name, ratio]) => [name, Number.isNaN(ratio) ? null : round(ratio)]),
  )
}

/** Milliseconds of one fib(30). */
interface Fib {
  readonly name: string
  readonly ms: number
}

/**
 * What fib(30) takes: the difference between a run that calls it often and one that calls it once, so that nothing else
 * counts.
 */
async function measureFib(
  { fleet, developer }: LocalFleet,
  clients: FleetClients,
  peers: readonly Peer[],
  rounds: number,
): Promise<Fib[]> {
  const agent = async (name: string, file: string, times: number): Promise<FibWay> => {
    const scopes = [{ bucket: bucketOf(HOME_REGION, false), prefix: '', actions: ['read'] as const }]
    const pack = await packSigned(source(file), developer, { scopes })
    const mission = { fleet, clients, file: pack.file, sender: developer }
    return { name, times, fib: (n, many) => runTimed(mission, { n, times: many }) }
  }
  const ways = [
    await agent(FIB.interpreted, 'fib.ts', 3),
    await agent(FIB.kernel, 'kernel-fib.ts', 60),
    ...peers.flatMap(({ name, fib }) => (fib === undefined ? [] : [{ name, times: 60, fib }])),
  ]
  const least = new Map(
    ways.map(({ name }) => [name, { once: Number.POSITIVE_INFINITY, often: Number.POSITIVE_INFINITY }]),
  )
  for (let round = 0; round < 2 * rounds; round++)
    for (const { name, times, fib } of ways) {
      const best = least.get(name)!
      best.once = Math.min(best.once, (await fib(FIB_N, 1)).ms)
      best.often = Math.min(best.often, (await fib(FIB_N, 1 + times)).ms)
    }
  return ways.map(({ name, times }) => ({ name, ms: (least.get(name)!.often - least.get(name)!.once) / times }))
}

interface FibWay {
  readonly name: string
  readonly times: number
  fib(n: number, times: number): Promise<Timed>
}

function fibTable(fib: readonly Fib[]): Record<string, unknown>[] {
  const kernel = fib.find(({ name }) => name === FIB.kernel)!.ms
  return fib.map(({ name, ms }) => ({ way: name, ms: round(ms), 'of the kernel': `${round(ms / kernel)} ×` }))
}

/** Against peers that are there. */
function promisesOf(fib: readonly Fib[]): Promised[] {
  const kernel = fib.find(({ name }) => name === FIB.kernel)!.ms
  const against = (name: string, bound: string, atMost: number): Promised[] => {
    const peer = fib.find((candidate) => candidate.name === name)
    return peer === undefined
      ? []
      : [{ name: `fib(30) in C: time of ${bound}`, value: kernel / peer.ms, unit: '×', atMost }]
  }
  return [...against(GCC, 'gcc -O2', 1.6), ...against(TCC, 'tcc', 1)]
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}

function source(file: string): string {
  return fileURLToPath(new URL(`ladder/${file}`, import.meta.url))
}
