/**
 * The forms of the workload: its data in the regions of a local fleet and in files, the agents, and the other programs.
 */
import { randomFillSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { packSigned } from '../../lib/author/pack-signed.ts'
import type { Json } from '../../lib/encoding/json.ts'
import type { FleetClients } from '../../lib/fleet/clients.ts'
import type { LocalFleet } from '../../lib/local/local-fleet.ts'
import { run } from '../../lib/run/run.ts'
import type { Peer, Timed } from './peers.ts'

export const REGIONS = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const CLIENT_REGION = REGIONS[1]
const OBJECTS = 12
/** The bytes that slow forms (interpreters) process. */
const SLOW_BYTES = 600_000
/** Consecutive runs. The first run of each turn warms up. */
const RUNS = 2

/** A form of the workload, and the milliseconds of its fastest run. */
export interface Way {
  readonly name: string
  readonly slow: boolean
  odd(): Promise<Timed>
  best?: number
}

/** The data of slow and of fast forms, each also as a file for the other programs. */
export interface Data {
  readonly slow: { readonly bytes: Buffer; readonly file: string }
  readonly fast: { readonly bytes: Buffer; readonly file: string }
}

export interface Fleet {
  readonly local: LocalFleet
  readonly clients: FleetClients
}

/** Returns the path of a file in this folder. */
export function source(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}

export async function writeData(dir: string, bytes: number): Promise<Data> {
  const fast = { bytes: randomFillSync(Buffer.alloc(bytes)), file: join(dir, 'fast') }
  const slow = { bytes: fast.bytes.subarray(0, SLOW_BYTES), file: join(dir, 'slow') }
  for (const { bytes, file } of [fast, slow]) await writeFile(file, bytes)
  return { slow, fast }
}

/** Uploads all objects to one region, and the same objects spread over three. */
export async function fillBuckets({ local: { cloud }, clients }: Fleet, data: Data): Promise<void> {
  await cloud.createBucket(CLIENT_REGION, bucketOf(CLIENT_REGION, false))
  for (const region of REGIONS) await cloud.createBucket(region, bucketOf(region, true))
  for (const [prefix, { bytes }] of Object.entries(data)) {
    const step = bytes.length / OBJECTS
    for (let i = 0; i < OBJECTS; i++) {
      const object = { Key: `${prefix}/${i}`, Body: bytes.subarray(i * step, (i + 1) * step) }
      const region = REGIONS[i % REGIONS.length]!
      await clients.s3(CLIENT_REGION).send(new PutObjectCommand({ Bucket: bucketOf(CLIENT_REGION, false), ...object }))
      await clients.s3(region).send(new PutObjectCommand({ Bucket: bucketOf(region, true), ...object }))
    }
  }
}

function bucketOf(region: string, spread: boolean): string {
  return spread ? `ladder-${region}` : 'ladder-all'
}

export interface AgentOptions {
  /** The path of the agent's source. */
  readonly path: string
  readonly slow?: boolean
  /** Whether the agent runs in three regions instead of one. */
  readonly spread?: boolean
}

export async function agentWay(
  fleet: Fleet,
  name: string,
  { path, slow = false, spread = false }: AgentOptions,
): Promise<Way> {
  const call = await packForCalls(fleet, path, spread)
  return { name, slow, odd: () => call(slow ? 'slow/' : 'fast/') }
}

export function peerWay({ name, slow, odd }: Peer, data: Data): Way {
  return { name, slow, odd: () => odd(slow ? data.slow.file : data.fast.file) }
}

/** Packs an agent. The time of a call includes everything that a caller waits for. */
export async function packForCalls({ local, clients }: Fleet, path: string, spread = false) {
  const regions = spread ? REGIONS : [CLIENT_REGION]
  const scopes = regions.map((region) => ({ bucket: bucketOf(region, spread), prefix: '', actions: ['read'] as const }))
  const { file } = await packSigned(path, local.developer, { scopes, limits: { wallMs: 600_000 } })
  return async (input: Json): Promise<Timed> => {
    const start = performance.now()
    const { value, outcome, regions } = await run({
      fleet: local.fleet,
      clients,
      file,
      sender: local.developer,
      input,
    })
    const ms = performance.now() - start
    if (outcome !== 'completed') throw new Error(JSON.stringify(regions))
    return { answer: Number(value), ms }
  }
}

/**
 * Runs each form several times in a row, and then all of them again, so that load on the machine does not affect only
 * one form.
 */
export async function runInTurns(ways: readonly Way[], turns: number): Promise<void> {
  const answers = new Map<boolean, number>()
  for (let turn = 0; turn < turns; turn++)
    for (const way of ways)
      for (let round = 0; round < RUNS; round++) {
        const { answer, ms } = await way.odd()
        const expected = answers.get(way.slow) ?? answer
        if (answer !== expected) throw new Error(`${way.name} answers ${answer}, others ${expected}`)
        answers.set(way.slow, answer)
        if (round > 0) way.best = Math.min(ms, way.best ?? Number.POSITIVE_INFINITY)
      }
}

/** Returns megabytes per second. */
export function rateOf({ slow, best }: Way, data: Data): number {
  return (slow ? data.slow : data.fast).bytes.length / 1e6 / (best! / 1000)
}
