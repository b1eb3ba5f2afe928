/** The demo without its output: fills three regions, runs the agent in each mode, and compares results and traffic. */
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
import { createProgressBars } from '../terminal/progress-bars.ts'
import { DEMO_REGIONS, flightFiles } from './flights.ts'

export type Airports = Record<string, Airport>

/** The answer of one mode, and what it cost. */
export interface Measured {
  readonly answer: Airports
  /** Bytes over the links between the client and the regions, in both directions, headers included. */
  readonly bytes: number
  readonly seconds: number
}

/** The agent that is interpreted. KERNEL_AGENT is the same with its inner loop in C. */
export const DEMO_AGENT = fileURLToPath(new URL('../../examples/flights/delays.ts', import.meta.url))
const KERNEL_AGENT = fileURLToPath(new URL('../../examples/flights/delays-kernel.ts', import.meta.url))
const bucketOf = (region: string): string => `flights-${region}`
/** The data that the agent reads. */
export const DEMO_SCOPES: readonly Scope[] = DEMO_REGIONS.map((region) => ({
  bucket: bucketOf(region),
  prefix: 'flights/',
  actions: ['read'],
}))

export interface DemoOptions {
  /** An empty folder for the cloud. */
  readonly dir: string
  /** How many of the 3,000,000 flights to use. */
  readonly rows: number
  /** Called with each line of progress. */
  readonly say: (line: string) => void
}

export interface DemoResult {
  readonly rows: number
  readonly dataBytes: number
  readonly bundleBytes: number
  /** Code to data, interpreted. */
  readonly codeToData: Measured
  /** Code to data with a kernel: with cold functions, and again with warm ones. */
  readonly kernelToData: Measured
  readonly kernelAgain: Measured
  /** Data to code with the same kernel, so that only the links limit it. */
  readonly dataToCode: Measured
  /** Whether all modes gave the same answer. */
  readonly equal: boolean
}

/**
 * Asks one question in three ways, in three regions with WAN links between them and the client: code to data, interpreted
 * and with a kernel, and data to code. Each way starts with a new local cloud, so functions are cold, and with an open
 * client. The kernel runs a second time with warm functions.
 */
export async function runDemo({ dir, rows, say }: DemoOptions): Promise<DemoResult> {
  const filled = await fillDemo(dir, rows, say)
  say(`three regions, ${DEMO_REGIONS.join(', ')}, with WAN links; the client has an office line of 50 Mbit/s\n`)
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

/** What a mode runs with. */
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

/** Uploads the flights to the regions without simulated links, which would only slow it down. */
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

/** Runs the same agent on the client, which reads the same objects over the same links, all regions in parallel. */
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
