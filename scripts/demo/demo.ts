/** The demo itself, apart from the program that prints it: fill three regions, ask both ways, compare. */
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { Airport } from '../../examples/flights/airports.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { createHome } from '../../lib/fleet/home.ts'
import { packSigned } from '../../lib/fleet/pack-signed.ts'
import { readPolicy } from '../../lib/fleet/read-policy.ts'
import { run, runAtHome } from '../../lib/fleet/run.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/fleet.ts'
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

/** The question. */
export const DEMO_AGENT = fileURLToPath(new URL('../../examples/flights/delays.ts', import.meta.url))
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
  readonly codeToData: Measured
  readonly dataToCode: Measured
  /** Whether both ways gave the same answer. */
  readonly equal: boolean
}

/** Asks one question both ways, in three regions with WAN links between them and home. */
export async function runDemo({ dir, rows, say }: DemoOptions): Promise<DemoResult> {
  const filled = await fillDemo(dir, rows, say)
  await using local = await startLocalFleet({ dir, regions: DEMO_REGIONS, wan: {} })
  using clients = createFleetClients(local.fleet)
  say(`started ${DEMO_REGIONS.join(', ')} with WAN links; home is an office line of 50 Mbit/s`)

  const { file } = await packSigned(DEMO_AGENT, local.developer, { scopes: DEMO_SCOPES, fleet: local.fleet.name })
  say(`packed and signed the agent: ${bytes(file.length)}\n`)

  const codeToData = await moveCodeToData(local, clients, file)
  say(`code → data: ${bytes(codeToData.bytes)} in ${seconds(codeToData.seconds)}`)
  const dataToCode = await moveDataToCode(local, clients, file)
  say(`data → code: ${bytes(dataToCode.bytes)} in ${seconds(dataToCode.seconds)}\n`)

  const equal = isDeepStrictEqual(codeToData.answer, dataToCode.answer)
  return { ...filled, bundleBytes: file.length, codeToData, dataToCode, equal }
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

async function moveCodeToData(
  { fleet, cloud, developer }: LocalFleet,
  clients: FleetClients,
  file: Uint8Array,
): Promise<Measured> {
  const bars = createProgressBars(DEMO_REGIONS)
  return await measured(cloud, async () => {
    const { value, regions } = await run({
      fleet,
      clients,
      file,
      sender: developer,
      order: { regions: DEMO_REGIONS },
      onProgress: (region, progress) => bars.update(region, progress),
    })
    for (const { region, seconds: took } of regions) bars.finish(region, `done in ${seconds(took)}`, true)
    const failed = regions.find(({ settlement }) => settlement?.outcome.kind !== 'completed')
    if (failed !== undefined)
      throw new Error(`${failed.region}: ${JSON.stringify(failed.error ?? failed.settlement?.outcome)}`)
    return value as unknown as Airports
  })
}

/** The same agent at home, reading the same objects over the same links, all regions side by side. */
async function moveDataToCode(
  { fleet, cloud, developer }: LocalFleet,
  clients: FleetClients,
  file: Uint8Array,
): Promise<Measured> {
  const regionOf = new Map(DEMO_REGIONS.map((region) => [bucketOf(region), region]))
  const data = createRoutedStore((bucket) => createS3Store({ client: clients.s3(regionOf.get(bucket)!) }))
  const policy = await readPolicy(fleet, clients, Date.now())
  await using home = await createHome({ fleet: fleet.name, policy, data })
  const bars = createProgressBars(DEMO_REGIONS)
  return await measured(cloud, async () => {
    const answers = DEMO_SCOPES.map(async (scope, i) => {
      const region = DEMO_REGIONS[i]!
      const { outcome } = await runAtHome(home, {
        fleet,
        clients,
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
    .reduce((sum, { from, bytesThere, bytesBack }) => (from === 'home' ? sum + bytesThere + bytesBack : sum), 0)
}
