/**
 * A local fleet of three regions, and an agent that makes its way through them, twice around and home again, with a
 * class, a generator and a Map alive all the while.
 *
 *     npx tsx examples/grand-tour/run.ts
 */
import '../../scripts/terminal/quiet-sdk.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { RouteStep } from '../../lib/fleet/relay.ts'
import { createFleetClients, type FleetClients, packSigned, run, type Scope } from '../../lib/index.ts'
import { startLocalFleet } from '../../lib/local/fleet.ts'
import { bytes, seconds, table } from '../../scripts/terminal/output.ts'

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-south-1']
const STOPS = 2 * REGIONS.length
const READINGS = 2000
const HEAD = ['landing', 'where', 'came in a box of', 'read there', 'took']

const bucketOf = (region: string) => `weather-${region}`
const scopes: Scope[] = REGIONS.map((region) => ({ bucket: bucketOf(region), prefix: '', actions: ['read'] }))

const dir = await mkdtemp(join(tmpdir(), 'lander-tour-'))
try {
  await using local = await startLocalFleet({ dir, regions: REGIONS })
  using clients = createFleetClients(local.fleet)
  for (const region of REGIONS) await local.cloud.createBucket(region, bucketOf(region))
  await putReadings(clients)

  const agent = join(import.meta.dirname, 'tour.ts')
  const { file } = await packSigned(agent, local.developer, { scopes })
  const { fleet, developer: sender } = local
  const answer = await run({ fleet, clients, file, sender, input: { stops: STOPS }, start: 'once' })

  const route = answer.regions[0]?.route ?? []
  process.stdout.write(`the signed agent has ${bytes(file.length)}\n\n${table(HEAD, route.map(rowOf))}\n\n`)
  process.stdout.write(`${JSON.stringify(answer.value ?? answer.regions, undefined, 2)}\n`)
  if (answer.outcome !== 'completed') process.exitCode = 1
} finally {
  await rm(dir, { recursive: true, force: true })
}

/** One landing; a copy is named by its branch. */
function rowOf({ branch, sequence, region, boxBytes, settlement, seconds: took }: RouteStep): string[] {
  const copy = branch.includes('/') ? ` (copy ${branch.split('.').at(-1)})` : ''
  const came = boxBytes === 0 ? 'started here' : bytes(boxBytes)
  return [`${sequence}${copy}`, region, came, bytes(settlement.usage.bytesRead), seconds(took)]
}

/** Temperatures in a file for every stop, in the region where that stop is. */
async function putReadings(clients: FleetClients): Promise<void> {
  for (let stop = 1; stop <= STOPS; stop++) {
    const region = REGIONS[(stop - 1) % REGIONS.length]!
    const lines = Array.from({ length: READINGS }, (_, i) => (15 + stop + 10 * Math.sin(i * stop)).toFixed(2))
    const object = { Bucket: bucketOf(region), Key: `${stop}.txt`, Body: lines.join('\n') }
    await clients.s3(region).send(new PutObjectCommand(object))
  }
}
