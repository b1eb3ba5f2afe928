/**
 * An agent goes on tour twice, with a class, a generator and a Map alive all the while: through three regions, twice
 * around and home again; and from a tasklet of this process to a thread, a process, a region, and back to the tasklet.
 *
 *     npx tsx examples/grand-tour/run.ts
 */
import '../../scripts/terminal/quiet-sdk.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import {
  process as childProcess,
  createFleetClients,
  createLauncher,
  type FleetClients,
  type Json,
  packSigned,
  type RouteStep,
  region,
  run,
  type Scope,
  tasklet,
  thread,
} from '../../lib/index.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/fleet.ts'
import { createMemoryStore } from '../../lib/objects/memory.ts'
import { bytes, seconds, table } from '../../scripts/terminal/output.ts'
import type { Tour } from './tour.ts'

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-south-1']
const [, EU] = REGIONS as [string, string, string]
const READINGS = 2000
const HEAD = ['landing', 'where', 'came in a box of', 'read there', 'took']

const bucketOf = (where: string) => `weather-${where}`
const scopes: Scope[] = REGIONS.map((name) => ({ bucket: bucketOf(name), prefix: '', actions: ['read'] }))

/** What an agent brought home, and the way it went. */
interface Homecoming {
  readonly value: Json | undefined
  readonly route: readonly RouteStep[]
}

const dir = await mkdtemp(join(tmpdir(), 'lander-tour-'))
try {
  await using local = await startLocalFleet({ dir, regions: REGIONS })
  using clients = createFleetClients(local.fleet)
  for (const name of REGIONS) await local.cloud.createBucket(name, bucketOf(name))
  // Only the second tour takes state of the agent out of the regions: its author allows that, and so does the fleet.
  const options = { scopes, homecoming: true }
  const { file } = await packSigned(join(import.meta.dirname, 'tour.ts'), local.developer, options)

  const regions = await tourRegions(file, local, clients)
  const places = await tourPlaces(file, local, clients)
  process.stdout.write(`the signed agent has ${bytes(file.length)}\n`)
  for (const { route } of [regions, places]) process.stdout.write(`\n${table(HEAD, route.map(rowOf))}\n`)
  process.stdout.write(`\n${JSON.stringify({ regions: regions.value, places: places.value }, undefined, 2)}\n`)
  if (regions.value === undefined || places.value === undefined) process.exitCode = 1
} finally {
  await rm(dir, { recursive: true, force: true })
}

/** Twice around three regions. */
async function tourRegions(file: Uint8Array, local: LocalFleet, clients: FleetClients): Promise<Homecoming> {
  const tour: Tour = { folder: 'regions', stops: 2 * REGIONS.length, route: REGIONS, witnesses: REGIONS }
  for (let stop = 1; stop <= tour.stops; stop++)
    await putReadings(clients, REGIONS[(stop - 1) % REGIONS.length]!, keyOf(tour, stop), stop)
  const { fleet, developer: sender } = local
  const answer = await run({ fleet, clients, file, sender, input: { ...tour }, start: 'once' })
  return { value: answer.value, route: answer.regions[0]?.route ?? [] }
}

/** From a tasklet to a thread, a process, a region, and back. The places of this machine share one store. */
async function tourPlaces(file: Uint8Array, local: LocalFleet, clients: FleetClients): Promise<Homecoming> {
  const route = ['tasklet', 'thread', 'process', EU, 'tasklet']
  const tour: Tour = { folder: 'places', stops: route.length, route, witnesses: ['tasklet', EU] }
  const data = createMemoryStore({ buckets: Object.fromEntries(REGIONS.map((name) => [bucketOf(name), {}])) })
  for (const [index, place] of route.entries()) {
    const [key, stop] = [keyOf(tour, index + 1), index + 1]
    if (place === EU) await putReadings(clients, EU, key, stop)
    else data.put(bucketOf(EU), key, readings(stop))
  }
  const places = [tasklet(), thread(), childProcess(), region(EU)]
  await using launcher = await createLauncher({ places, key: local.developer, fleet: local.fleet, data })
  const { outcome, route: landings } = await launcher.launch(file, { in: 'tasklet', input: { ...tour } }).result
  return { value: outcome?.kind === 'completed' ? outcome.value : undefined, route: landings }
}

/** One landing; a copy is named by its branch. */
function rowOf({ branch, sequence, region: where, boxBytes, settlement, seconds: took }: RouteStep): string[] {
  const copy = branch.includes('/') ? ` (copy ${branch.split('.').at(-1)})` : ''
  const came = boxBytes === 0 ? 'started here' : bytes(boxBytes)
  return [`${sequence}${copy}`, where, came, bytes(settlement.usage.bytesRead), seconds(took)]
}

/** The object with the temperatures of a stop. */
function keyOf({ folder }: Tour, stop: number): string {
  return `${folder}/${stop}.txt`
}

/** Temperatures of one stop. */
function readings(stop: number): string {
  return Array.from({ length: READINGS }, (_, i) => (15 + stop + 10 * Math.sin(i * stop)).toFixed(2)).join('\n')
}

async function putReadings(clients: FleetClients, where: string, key: string, stop: number): Promise<void> {
  await clients.s3(where).send(new PutObjectCommand({ Bucket: bucketOf(where), Key: key, Body: readings(stop) }))
}
