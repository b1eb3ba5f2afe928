/**
 * A mobile agent visits three regions with its state, three times: its inner loop is sent as a binary, as C that the
 * regions compile, and interpreted. Every landing checks the signature, and the example verifies every receipt. One
 * table shows the size and the speed of each form, and whether a small source is still smaller than its binary.
 *
 *     npx tsx examples/snakes-on-a-cloud/run.ts [--quick] [--json FILE] [--kilobytes N]
 */
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { type Answer, packSigned, receiptTrustOf, run, type Scope, verifyLandingResult } from 'lander'
import { verifyReceiptChain } from 'lander/trust'
import { type Report, runExample, type Stage, say } from '../support/example.ts'
import { completedValue } from '../support/mission.ts'
import { expectedFinding, makeLog } from './log.ts'
import { describe, type Flight, FORMS, type Form, figuresOf } from './report.ts'
import type { Finding } from './tour.ts'

type Snakes = Stage<'kilobytes'>

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-south-1']
const bucketOf = (region: string) => `snakes-${region}`
const scopes: Scope[] = REGIONS.map((region) => ({ bucket: bucketOf(region), prefix: 'logs/', actions: ['read'] }))

await runExample({
  name: 'snakes-on-a-cloud',
  regions: REGIONS,
  sizes: { kilobytes: 4000 },
  quick: { kilobytes: 200 },
  perform,
})

async function perform(stage: Snakes): Promise<Report> {
  const logs = REGIONS.map((region) => makeLog(region, stage.sizes.kilobytes * 1000))
  for (const [index, region] of REGIONS.entries()) {
    await stage.local.cloud.createBucket(region, bucketOf(region))
    const object = { Bucket: bucketOf(region), Key: 'logs/today.txt', Body: logs[index]! }
    await stage.clients.s3(region).send(new PutObjectCommand(object))
  }
  const flights: Flight[] = []
  for (const form of FORMS) flights.push(await flyTwice(stage, form))
  say('the same bundle with one byte changed')
  const forgedIsRefused = await isRefused(stage, await forge(stage))
  const expected = expectedFinding(logs, REGIONS)
  const told = { flights, expected, forgedIsRefused }
  return {
    figures: figuresOf(told),
    right: forgedIsRefused && flights.every(({ finding, receipts }) => isSame(finding, expected) && receipts.verified),
    text: describe(told),
    details: told,
  }
}

/** On the first tour the regions compile the source; on the second they have it in their cache. */
async function flyTwice(stage: Snakes, form: Form): Promise<Flight> {
  say(`the tour ${form.name}`)
  const { file, manifest } = await pack(stage, form)
  const first = await visit(stage, file)
  const again = await visit(stage, file)
  const finding = completedValue<Finding>(again.answer)
  completedValue(first.answer)
  const route = again.answer.regions[0]!.route!
  return {
    form: form.name,
    finding,
    bundleBytes: file.length,
    entries: manifest.entries.map(({ name, bytes, stored }) => ({ name, bytes, stored })),
    sealedBytes: route.map(({ sealedBytes }) => sealedBytes),
    bytesMoved: again.answer.usage.bytesMoved,
    seconds: { first: first.seconds, again: again.seconds },
    workedSeconds: route.reduce((sum, { landingResult }) => sum + landingResult.usage.wallMs, 0) / 1000,
    receipts: verifyReceipts(stage, again.answer),
  }
}

function pack({ developer }: Snakes, { agent, kernels }: Form) {
  return packSigned(join(import.meta.dirname, agent), developer, { scopes, ...(kernels && { kernels }) })
}

async function visit({ fleet, clients, developer }: Snakes, file: Uint8Array) {
  const start = performance.now()
  const order = { regions: REGIONS }
  const answer = await run({ fleet, clients, file, sender: developer, order, start: 'once' })
  return { answer, seconds: (performance.now() - start) / 1000 }
}

/**
 * Checks each landing's receipt: the fleet's signature, the fields that the landing's answer repeats, and the reference
 * to the receipt before it.
 */
function verifyReceipts({ fleet, developer }: Snakes, { regions: [agent] }: Answer): Flight['receipts'] {
  const trust = receiptTrustOf(fleet)
  const receipts = agent!.route!.map(({ landingResult }) => verifyLandingResult(landingResult, trust))
  verifyReceiptChain(receipts)
  const byUs = receipts.every(({ receipt }) => receipt.authors.every((author) => author === developer.keyId))
  return { count: receipts.length, verified: byUs }
}

/** Returns a bundle whose code was changed after it was signed. */
async function forge(stage: Snakes): Promise<Uint8Array> {
  const { file } = await pack(stage, FORMS[0]!)
  const forged = file.slice()
  forged[forged.length - 1]! ^= 1
  return forged
}

async function isRefused(stage: Snakes, file: Uint8Array): Promise<boolean> {
  const { answer } = await visit(stage, file)
  return answer.outcome === 'refused'
}

function isSame(finding: Finding, expected: Finding): boolean {
  return JSON.stringify(finding) === JSON.stringify(expected)
}
