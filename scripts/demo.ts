/**
 * The demo: three regions on this machine with links of real length and width between them and you, 3,000,000 real
 * flights spread over them, and one question asked twice: by moving the code to the data, and the data to the code.
 */
import './terminal/quiet-sdk.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { Airport } from '../examples/flights/delays.ts'
import { createFleetClients, type FleetClients } from '../lib/fleet/clients.ts'
import { createHome } from '../lib/fleet/home.ts'
import { packSigned } from '../lib/fleet/pack-signed.ts'
import { readPolicy, run, runAtHome } from '../lib/fleet/run.ts'
import { type LocalFleet, startLocalFleet } from '../lib/local/fleet.ts'
import { createRoutedStore } from '../lib/objects/routed.ts'
import { createS3Store } from '../lib/objects/s3.ts'
import type { Scope } from '../lib/scope.ts'
import { DEMO_REGIONS, flightFiles } from './demo/flights.ts'
import { bytes, EXIT, note, paint, printError, seconds, table } from './terminal/output.ts'
import { createProgressBars } from './terminal/progress.ts'

type Airports = Record<string, Airport>

/** One way of asking: what it answered, and what it cost. */
interface Measured {
  readonly answer: Airports
  /** Bytes across the links between home and the regions, both ways, headers included. */
  readonly bytes: number
  readonly seconds: number
}

const AGENT = new URL('../examples/flights/delays.ts', import.meta.url).pathname
const bucketOf = (region: string): string => `flights-${region}`
const SCOPES: readonly Scope[] = DEMO_REGIONS.map((region) => ({
  bucket: bucketOf(region),
  prefix: 'flights/',
  actions: ['read'],
}))

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, rows: { type: 'string', default: '3000000' } },
})

const dir = await mkdtemp(join(tmpdir(), 'lander-demo-'))
try {
  await demo(dir, Number(options.rows))
} catch (error) {
  process.exitCode = printError(error, false)
} finally {
  await rm(dir, { recursive: true, force: true })
}

async function demo(dir: string, rows: number): Promise<void> {
  const filled = await fill(dir, rows)
  await using local = await startLocalFleet({ dir, regions: DEMO_REGIONS, wan: {} })
  using clients = createFleetClients(local.fleet)
  note(`started ${DEMO_REGIONS.join(', ')} with WAN links; home is an office line of 50 Mbit/s`)

  const file = (await packSigned(AGENT, local.developer, { scopes: SCOPES, fleet: local.fleet.name })).file
  note(`packed and signed the agent: ${bytes(file.length)}\n`)

  const near = await codeToData(local, clients, file)
  note(`code → data: ${bytes(near.bytes)} in ${seconds(near.seconds)}`)
  const far = await dataToCode(local, clients, file)
  note(`data → code: ${bytes(far.bytes)} in ${seconds(far.seconds)}\n`)

  const equal = isDeepStrictEqual(near.answer, far.answer)
  printReport(near, far, equal)
  if (options.json !== undefined)
    await writeFile(options.json, JSON.stringify(figures(filled, file, near, far, equal), undefined, 2))
  if (!equal) process.exitCode = EXIT.failed
}

interface Filled {
  readonly rows: number
  readonly bytes: number
}

/** Puts the flights into the regions before there is any distance to them. */
async function fill(dir: string, rows: number): Promise<Filled> {
  note('reading the flights …')
  const files = await flightFiles(rows)
  await using local = await startLocalFleet({ dir, regions: DEMO_REGIONS })
  using clients = createFleetClients(local.fleet)
  for (const { region, key, csv, rows } of files) {
    const Bucket = bucketOf(region)
    await local.cloud.createBucket(region, Bucket)
    await clients.s3(region).send(new PutObjectCommand({ Bucket, Key: key, Body: csv }))
    note(`  ${region}  s3://${Bucket}/${key}  ${rows.toLocaleString('en')} flights, ${bytes(csv.length)}`)
  }
  return {
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, { csv }) => sum + csv.length, 0),
  }
}

async function codeToData(
  { fleet, cloud, developer }: LocalFleet,
  clients: FleetClients,
  file: Uint8Array,
): Promise<Measured> {
  using bars = createProgressBars(DEMO_REGIONS)
  return await measured(cloud, async () => {
    const { value, regions } = await run({
      fleet,
      clients,
      file,
      sender: developer,
      order: { regions: DEMO_REGIONS },
      onProgress: (region, progress) => bars.update(region, progress),
    })
    for (const { region, seconds: took } of regions) bars.finish(region, `done in ${seconds(took)}`)
    const failed = regions.find(({ settlement }) => settlement?.outcome.kind !== 'completed')
    if (failed !== undefined)
      throw new Error(`${failed.region}: ${JSON.stringify(failed.error ?? failed.settlement?.outcome)}`)
    return value as unknown as Airports
  })
}

/** The same agent at home, reading the same objects over the same links, all regions side by side. */
async function dataToCode(
  { fleet, cloud, developer }: LocalFleet,
  clients: FleetClients,
  file: Uint8Array,
): Promise<Measured> {
  const regionOf = new Map(DEMO_REGIONS.map((region) => [bucketOf(region), region]))
  const data = createRoutedStore((bucket) => createS3Store({ client: clients.s3(regionOf.get(bucket)!) }))
  const policy = await readPolicy(fleet, clients, Date.now())
  await using home = await createHome({ fleet: fleet.name, policy, data })
  using bars = createProgressBars(DEMO_REGIONS)
  return await measured(cloud, async () => {
    const answers = SCOPES.map(async (scope, i) => {
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

function printReport(near: Measured, far: Measured, equal: boolean): void {
  const busiest = Object.entries(near.answer).sort(([, a], [, b]) => b.flights - a.flights)
  const airports = busiest
    .slice(0, 8)
    .map(([origin, { flights, meanDelay, worst }]) => [
      origin,
      flights.toLocaleString('en'),
      `${meanDelay.toFixed(1)} min`,
      `${origin} → ${worst.to}`,
      `${worst.meanDelay.toFixed(1)} min`,
    ])
  const row = (name: string, { bytes: moved, seconds: took }: Measured) => [name, bytes(moved), seconds(took)]
  process.stdout.write(
    [
      table(['origin', 'flights', 'mean delay', 'worst route', 'its mean delay'], airports),
      paint('dim', `… and ${busiest.length - airports.length} more airports`),
      '',
      table(['', 'across the links', 'time'], [row('code → data', near), row('data → code', far)]),
      '',
      `answers ${equal ? paint('green', 'equal') : paint('red', 'DIFFERENT')}; code → data moved 1/${Math.round(far.bytes / near.bytes)} of the bytes, ${(far.seconds / near.seconds).toFixed(1)}× as fast`,
      '',
    ].join('\n'),
  )
}

function figures(filled: Filled, file: Uint8Array, near: Measured, far: Measured, equal: boolean): object {
  const side = ({ bytes, seconds }: Measured) => ({ bytes, seconds: Number(seconds.toFixed(3)) })
  return {
    rows: filled.rows,
    dataBytes: filled.bytes,
    bundleBytes: file.length,
    airports: Object.keys(near.answer).length,
    equal,
    codeToData: side(near),
    dataToCode: side(far),
    bytesRatio: Number((near.bytes / far.bytes).toFixed(6)),
    speedup: Number((far.seconds / near.seconds).toFixed(2)),
  }
}
