/** The demo itself, apart from the program that prints it: fill three regions, ask both ways, compare. */
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { Airport } from '../../examples/flights/airports.ts'
import { packSigned } from '../../lib/author/pack-signed.ts'
import { openClient } from '../../lib/client/open-client.ts'
import type { OpenPlace } from '../../lib/client/open-place.ts'
import { runAtClient } from '../../lib/client/run-at-client.ts'
import { CLIENT } from '../../lib/client-name.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { readPolicy } from '../../lib/fleet/read-policy.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { answerOf } from '../../lib/mission/merge.ts'
import { type MissionOptions, runMission } from '../../lib/mission/mission.ts'
import { createRoutedStore } from '../../lib/objects/routed.ts'
import { createS3Store } from '../../lib/objects/s3.ts'
import type { Scope } from '../../lib/scope.ts'
import { bytes, seconds } from '../terminal/output.ts'
import { createProgressBars } from '../terminal/progress.ts'
import { DEMO_REGIONS, flightFiles } from './flights.ts'

export type Airports = Record<string, Airport>

/** One way of asking: what it answered, and what it cost. */
export interface Measured {
  readonly answer: Airports
  /** Bytes across the links between home and the regions, both ways, headers included. */
  readonly bytes: number
  readonly seconds: number
}

/** The question, and the same with its inner loop in C. */
export const DEMO_AGENT = fileURLToPath(new URL('../../examples/flights/delays.ts', import.meta.url))
const KERNEL_AGENT = fileURLToPath(new URL('../../examples/flights/delays-kernel.ts', import.meta.url))
const bucketOf = (region: string): string => `flights-${region}`
/** The data it is asked of. */
export const DEMO_SCOPES: readonly Scope[] = DEMO_REGIONS.map((region) => ({
  bucket: bucketOf(region),
  prefix: 'flights/',
  actions: ['read'],
}))

export interface DemoOptions {
  /** An empty folder for the cloud. */
  readonly dir: string
  /** How many of the 3,000,000 flights. */
  readonly rows: number
  /** Told what happens, line by line. */
  readonly say: (line: string) => void
}

export interface DemoResult {
  readonly rows: number
  readonly dataBytes: number
  readonly bundleBytes: number
  /** Interpreted. */
  readonly codeToData: Measured
  /** With the inner loop as a kernel: the first call of functions that have just been deployed, and the next. */
  readonly kernelToData: Measured
  readonly kernelAgain: Measured
  /** With the same kernel, so that nothing but the links holds it up. */
  readonly dataToCode: Measured
  /** Whether all ways gave the same answer. */
  readonly equal: boolean
}

/**
 * Asks one question three ways, in three regions with WAN links between them and home: the code goes to the data, once
 * interpreted and once with a kernel, and the data to the code. Each finds a cloud that has just been started, without
 * an instance of a function, and a home that is ready; the kernel is called a second time, when the functions are too.
 */
export async function runDemo({ dir, rows, say }: DemoOptions): Promise<DemoResult> {
  const filled = await fillDemo(dir, rows, say)
  say(`three regions, ${DEMO_REGIONS.join(', ')}, with WAN links; home is an office line of 50 Mbit/s\n`)
  const ask = async (name: string, agent: string, mode: Mode, times = 1) => {
    const asked = await askIn(dir, agent, mode, times)
    for (const { bytes: moved, seconds: took } of asked.measured) say(`${name}: ${bytes(moved)} in ${seconds(took)}\n`)
    return asked
  }
  const { measured: interpreted, bundleBytes } = await ask('code → data, interpreted', DEMO_AGENT, moveCodeToData)
  const { measured: kernel } = await ask('code → data, with a kernel', KERNEL_AGENT, moveCodeToData, 2)
  const { measured: far } = await ask('data → code, with a kernel', KERNEL_AGENT, moveDataToCode)
  const [codeToData, kernelToData, kernelAgain, dataToCode] = [...interpreted, ...kernel, ...far] as Four<Measured>
  const equal = [...kernel, ...far].every(({ answer }) => isDeepStrictEqual(answer, codeToData.answer))
  return { ...filled, bundleBytes, codeToData, kernelToData, kernelAgain, dataToCode, equal }
}

type Four<T> = [T, T, T, T]

/** Where one way of asking finds itself. */
interface Scene {
  readonly local: LocalFleet
  readonly clients: FleetClients
  readonly client: OpenPlace
  readonly file: Uint8Array
}

type Mode = (scene: Scene) => Promise<Measured>

async function askIn(
  dir: string,
  agent: string,
  mode: Mode,
  times: number,
): Promise<{ measured: Measured[]; bundleBytes: number }> {
  await using local = await startLocalFleet({ dir, regions: DEMO_REGIONS, wan: {} })
  using clients = createFleetClients(local.fleet)
  const regionOf = new Map(DEMO_REGIONS.map((region) => [bucketOf(region), region]))
  const data = createRoutedStore((bucket) => createS3Store({ client: clients.s3(regionOf.get(bucket)!) }))
  const policy = await readPolicy(local.fleet, clients, Date.now())
  await using client = await openClient({ fleet: local.fleet.name, policy, data })
  const { file } = await packSigned(agent, local.developer, { scopes: DEMO_SCOPES, fleet: local.fleet.name })
  const measured: Measured[] = []
  for (let time = 0; time < times; time++) measured.push(await mode({ local, clients, client, file }))
  return { measured, bundleBytes: file.length }
}

/** Puts the flights into the regions before there is any distance to them. */
export async function fillDemo(
  dir: string,
  rows: number,
  say: (line: string) => void,
): Promise<Pick<DemoResult, 'rows' | 'dataBytes'>> {
  say('reading the flights …')
  const files = await flightFiles(rows)
  await using local = await startLocalFleet({ dir, regions: DEMO_REGIONS })
  using clients = createFleetClients(local.fleet)
  for (const { region, key, csv, rows } of files) {
    const Bucket = bucketOf(region)
    await local.cloud.createBucket(region, Bucket)
    await clients.s3(region).send(new PutObjectCommand({ Bucket, Key: key, Body: csv }))
    say(`  ${region}  s3://${Bucket}/${key}  ${rows.toLocaleString('en')} flights, ${bytes(csv.length)}`)
  }
  return {
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    dataBytes: files.reduce((sum, { csv }) => sum + csv.length, 0),
  }
}

async function moveCodeToData({ local, clients, client, file }: Scene): Promise<Measured> {
  const { fleet, cloud, developer } = local
  const bars = createProgressBars(DEMO_REGIONS)
  return await measured(cloud, async () => {
    const options: MissionOptions = {
      fleet,
      clients,
      file,
      sender: developer,
      order: { regions: DEMO_REGIONS },
      onProgress: (region, progress) => bars.update(region, progress),
    }
    const { value, regions } = await answerOf(await runMission(options), async () => ({ ...options, client }))
    for (const { region, seconds: took } of regions) bars.finish(region, `done in ${seconds(took)}`, true)
    const failed = regions.find(({ landingResult }) => landingResult?.outcome.kind !== 'completed')
    if (failed !== undefined)
      throw new Error(`${failed.region}: ${JSON.stringify(failed.error ?? failed.landingResult?.outcome)}`)
    return value as unknown as Airports
  })
}

/** The same agent at home, reading the same objects over the same links, all regions side by side. */
async function moveDataToCode({ local, client, file }: Scene): Promise<Measured> {
  const { fleet, cloud, developer } = local
  const bars = createProgressBars(DEMO_REGIONS)
  return await measured(cloud, async () => {
    const answers = DEMO_SCOPES.map(async (scope, i) => {
      const region = DEMO_REGIONS[i]!
      const { outcome } = await runAtClient(client, {
        fleet,
        file,
        sender: developer,
        order: { scopes: [scope] },
        onProgress: (_, progress) => bars.update(region, progress),
      })
      if (outcome.kind !== 'completed') throw new Error(`${region}: ${JSON.stringify(outcome)}`)
      return outcome.value as unknown as Airports
    })
    return Object.assign({}, ...(await Promise.all(answers))) as Airports
  })
}

async function measured(cloud: LocalFleet['cloud'], work: () => Promise<Airports>): Promise<Measured> {
  const before = bytesAcross(cloud)
  const start = performance.now()
  const answer = await work()
  return { answer, bytes: bytesAcross(cloud) - before, seconds: (performance.now() - start) / 1000 }
}

function bytesAcross(cloud: LocalFleet['cloud']): number {
  return cloud
    .links()
    .reduce((sum, { from, bytesThere, bytesBack }) => (from === CLIENT ? sum + bytesThere + bytesBack : sum), 0)
}
