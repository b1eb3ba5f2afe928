/**
 * An agent travels twice, with a class, a generator and a Map as live state. The first tour goes through three regions
 * twice. The second goes from a tasklet of this process to a thread, a process, a region, and back to the tasklet.
 *
 *     npx tsx examples/grand-tour/run.ts [--json FILE]
 */
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import {
  createLauncher,
  createMemoryStore,
  type FleetClients,
  type Json,
  packSigned,
  place,
  type RouteStep,
  run,
  type Scope,
} from 'lander'
import type { LocalFleet } from 'lander/testing'
import { bytes, seconds, table } from '../../scripts/terminal/output.ts'
import { runExample } from '../support/example.ts'
import type { Tour } from './tour.ts'

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-south-1']
const [, EU] = REGIONS as [string, string, string]
const READINGS = 2000
const HEAD = ['landing', 'where', 'sealed state', 'read there', 'took']

const bucketOf = (where: string) => `weather-${where}`
const scopes: Scope[] = REGIONS.map((name) => ({ bucket: bucketOf(name), prefix: '', actions: ['read'] }))

/** The agent's answer, and its landings. */
interface StateExport {
  readonly value: Json | undefined
  readonly route: readonly RouteStep[]
}

await runExample({
  name: 'grand-tour',
  regions: REGIONS,
  sizes: {},
  async perform({ local, clients }) {
    for (const name of REGIONS) await local.cloud.createBucket(name, bucketOf(name))
    // Only the second tour exports the agent's state from the regions, which both its manifest and the fleet allow.
    const options = { scopes, exportState: true }
    const { file } = await packSigned(join(import.meta.dirname, 'tour.ts'), local.developer, options)

    const regions = await tourRegions(file, local, clients)
    const places = await tourPlaces(file, local, clients)
    const values = { regions: regions.value, places: places.value }
    const stateRefs = [regions, places].map(({ route }) => Math.max(...route.map(({ sealedBytes }) => sealedBytes)))
    return {
      right: regions.value !== undefined && places.value !== undefined,
      text: [
        `the signed agent has ${bytes(file.length)}`,
        ...[regions, places].map(({ route }) => table(HEAD, route.map(rowOf))),
        JSON.stringify(values, undefined, 2),
      ].join('\n\n'),
      figures: [
        { what: 'the signed agent', unit: 'bytes', ours: file.length },
        { what: 'largest sealed state, between regions', unit: 'bytes', ours: stateRefs[0]! },
        { what: 'largest sealed state, with local places', unit: 'bytes', ours: stateRefs[1]! },
      ],
      details: values,
    }
  },
})

/** Sends the agent twice around three regions. */
async function tourRegions(file: Uint8Array, local: LocalFleet, clients: FleetClients): Promise<StateExport> {
  const tour: Tour = { folder: 'regions', stops: 2 * REGIONS.length, route: REGIONS, witnesses: REGIONS }
  for (let stop = 1; stop <= tour.stops; stop++)
    await putReadings(clients, REGIONS[(stop - 1) % REGIONS.length]!, keyOf(tour, stop), stop)
  const { fleet, developer: sender } = local
  const answer = await run({ fleet, clients, file, sender, input: { ...tour }, start: 'once' })
  return { value: answer.value, route: answer.regions[0]?.route ?? [] }
}

/** Sends the agent from a tasklet to a thread, a process, a region, and back. The local places share one store. */
async function tourPlaces(file: Uint8Array, local: LocalFleet, clients: FleetClients): Promise<StateExport> {
  const route = ['tasklet', 'thread', 'process', EU, 'tasklet']
  const tour: Tour = { folder: 'places', stops: route.length, route, witnesses: ['tasklet', EU] }
  const data = createMemoryStore({ buckets: Object.fromEntries(REGIONS.map((name) => [bucketOf(name), {}])) })
  for (const [index, place] of route.entries()) {
    const [key, stop] = [keyOf(tour, index + 1), index + 1]
    if (place === EU) await putReadings(clients, EU, key, stop)
    else data.put(bucketOf(EU), key, readings(stop))
  }
  const places = [place.tasklet(), place.thread(), place.process(), place.region(EU)]
  await using launcher = await createLauncher({ places, key: local.developer, fleet: local.fleet, data })
  const { outcome, route: landings } = await launcher.launch(file, { in: 'tasklet', input: { ...tour } }).result
  return { value: outcome?.kind === 'completed' ? outcome.value : undefined, route: landings }
}

/** Writes a landing as a row. A copy is named by its branch. */
function rowOf({ branch, sequence, place: where, sealedBytes, landingResult, seconds: took }: RouteStep): string[] {
  const copy = branch.includes('/') ? ` (copy ${branch.split('.').at(-1)})` : ''
  const came = sealedBytes === 0 ? 'started here' : bytes(sealedBytes)
  return [`${sequence}${copy}`, where, came, bytes(landingResult.usage.bytesRead), seconds(took)]
}

/** Returns the key of the object with the temperatures of a stop. */
function keyOf({ folder }: Tour, stop: number): string {
  return `${folder}/${stop}.txt`
}

/** Returns the temperatures of a stop. */
function readings(stop: number): string {
  return Array.from({ length: READINGS }, (_, i) => (15 + stop + 10 * Math.sin(i * stop)).toFixed(2)).join('\n')
}

async function putReadings(clients: FleetClients, where: string, key: string, stop: number): Promise<void> {
  await clients.s3(where).send(new PutObjectCommand({ Bucket: bucketOf(where), Key: key, Body: readings(stop) }))
}
