/** What a fleet signs, and what it says of itself: on the function that is deployed, over HTTP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureFunctionAsset } from '../../lib/assets/function-asset.ts'
import { packSigned } from '../../lib/author/pack-signed.ts'
import { createSecretFile } from '../../lib/aws/secret-store.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import type { LandingResult } from '../../lib/host/landing-result.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { runMission } from '../../lib/mission/mission.ts'
import { verifyLandingResult } from '../../lib/mission/verify-receipts.ts'
import { checkFleet } from '../../lib/operate/check.ts'
import { rotateFleet } from '../../lib/operate/rotate.ts'
import type { RegionResult } from '../../lib/relay/region-result.ts'
import { engineDigest } from '../../lib/sandbox/contract/assets.ts'
import { createFleetSecret } from '../../lib/trust/fleet-secret.ts'

const US = 'us-east-1'
const EU = 'eu-west-1'
const MINUTE = 60_000
const DATA = [
  { bucket: 'logs-us', region: US },
  { bucket: 'logs-eu', region: EU },
]

const AGENT = `import { agent, here } from 'lander/agent'
export default agent(async ({ how }) => {
  if (how === 'fail') throw new Error('no luck')
  if (how === 'hang') for (;;) {}
  let lines = 0
  for await (const _ of here.lines('2026/')) lines++
  return lines / 2
})`

let dir: string
let local: LocalFleet
let clients: FleetClients
let file: Uint8Array

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-receipts-'))
  await start()
  for (const { bucket, region } of DATA) {
    await local.cloud.createBucket(region, bucket)
    await clients.s3(region).send(new PutObjectCommand({ Bucket: bucket, Key: '2026/a.log', Body: 'a\nb\nc\n' }))
  }
  await writeFile(join(dir, 'agent.ts'), AGENT)
  const scopes = DATA.map(({ bucket }) => ({ bucket, prefix: '2026/', actions: ['read'] as const }))
  file = (await packSigned(join(dir, 'agent.ts'), local.developer, { scopes, limits: { wallMs: 2000 } })).file
})

async function start(): Promise<void> {
  local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: [US, EU], timeoutSeconds: 20 })
  clients = createFleetClients(local.fleet)
}

async function stop(): Promise<void> {
  clients[Symbol.dispose]()
  await local[Symbol.asyncDispose]()
}

afterAll(async () => {
  await stop()
  await rm(dir, { recursive: true, force: true })
})

async function run(how: string, now = Date.now): Promise<readonly RegionResult[]> {
  const { fleet, developer: sender } = local
  return (await runMission({ fleet, clients, file, sender, input: { how }, now })).regions
}

const settled = async (how: string): Promise<LandingResult> => (await run(how))[0]!.landingResult!
const verify = (landingResult: LandingResult) => verifyLandingResult(landingResult, receiptTrustOf(local.fleet)).receipt

describe('a receipt', () => {
  test('comes from every region, and says what its answer says', async () => {
    const landingResults = (await run('count')).map(({ landingResult }) => landingResult!)
    expect(landingResults.map(verify)).toMatchObject(
      DATA.map(({ bucket, region }) => ({
        fleet: 'local',
        region,
        sequence: 0,
        entry: 'run',
        authors: [local.developer.keyId],
        sender: local.developer.keyId,
        outcome: 'completed',
        objects: { count: 1, bytesRead: 6, listed: [{ bucket, key: '2026/a.log', size: 6 }] },
        previous: null,
      })),
    )
  })

  test.each([
    ['fail', 'failed'],
    ['hang', 'stopped'],
  ])('comes of a run that did not complete: %s', async (how, outcome) => {
    expect(verify(await settled(how))).toMatchObject({ outcome, result: null })
  })

  test('contradicts an answer that was changed on its way', async () => {
    const honest = await settled('count')
    const spoilt: [string, Partial<LandingResult>][] = [
      ['result', { outcome: { kind: 'completed', value: 2 } }],
      ['outcome', { outcome: { kind: 'stopped', limit: 'wallMs', message: '' } }],
      ['region', { place: EU }],
      ['objects', { reads: [] }],
      ['bytesReturned', { usage: { ...honest.usage, bytesReturned: 0 } }],
    ]
    for (const [what, change] of spoilt) {
      expect(() => verify({ ...honest, ...change }), what).toThrow(
        expect.objectContaining({ code: 'RECEIPT_MISMATCH', message: expect.stringContaining(`(${what})`) }),
      )
    }
    const { receipt: _, ...without } = honest
    expect(() => verify(without)).toThrow(expect.objectContaining({ code: 'ENVELOPE_MALFORMED' }))
  })
})

describe('clocks', () => {
  test('a sender whose clock is ten minutes ahead is told so', async () => {
    const [first] = await run('count', () => Date.now() + 10 * MINUTE)
    expect(first?.error).toMatchObject({
      code: 'NOT_YET_VALID',
      remedy: expect.stringMatching(/becomes valid in 10 min.*lander fleet check/),
    })
  })

  test('a sender whose clock is ten minutes behind is let in: orders live for an hour', async () => {
    const [first] = await run('count', () => Date.now() - 10 * MINUTE)
    expect(first?.landingResult?.outcome).toEqual({ kind: 'completed', value: 1.5 })
  })
})

describe('the check of a fleet', () => {
  const check = async (changes: Partial<Parameters<typeof checkFleet>[0]> = {}) => {
    const engine = engineDigest(await ensureFunctionAsset())
    return checkFleet({ fleet: local.fleet, clients, engine, data: DATA, ...changes })
  }
  const codes = ({ regions }: Awaited<ReturnType<typeof check>>) =>
    regions.map(({ problems }) => problems.map(({ code }) => code))

  test('finds a fleet sound that is', async () => {
    const report = await check()
    expect(report).toMatchObject({ sound: true, receiptKeys: local.fleet.receiptKeys, buckets: DATA })
    expect(report.regions.map(({ probe }) => probe)).toMatchObject([
      { fleet: 'local', region: US, policy: 2, problems: [] },
      { fleet: 'local', region: EU, policy: 2, problems: [] },
    ])
  })

  test('finds a clock that is ten minutes off', async () => {
    const report = await check({ now: () => Date.now() - 10 * MINUTE })
    expect(codes(report)).toEqual([['CLOCK_SKEW'], ['CLOCK_SKEW']])
    expect(report.regions[0]?.problems[0]?.message).toContain('10 minutes behind')
  })

  test('finds a bucket that lies elsewhere, and names both regions', async () => {
    const { sound, buckets } = await check({ data: [{ bucket: 'logs-eu', region: US }] })
    expect(sound).toBe(false)
    expect(buckets[0]?.problem).toMatchObject({
      code: 'BUCKET_ELSEWHERE',
      message: 'bucket "logs-eu" is in eu-west-1, but the configuration says us-east-1',
    })
  })

  test('finds a bucket that is missing', async () => {
    const { buckets } = await check({ data: [{ bucket: 'logs-none', region: US }] })
    expect(buckets[0]?.problem?.code).toBe('BUCKET_NOT_FOUND')
  })

  test('finds an engine that agents are not packed for', async () => {
    expect(codes(await check({ engine: 'another' }))).toEqual([['ENGINE_MISMATCH'], ['ENGINE_MISMATCH']])
  })

  test('finds a fleet of another name', async () => {
    expect(codes(await check({ fleet: { ...local.fleet, name: 'other' } }))).toEqual([['WRONG_FLEET'], ['WRONG_FLEET']])
  })

  test('finds a function that is missing, and goes on with the other regions', async () => {
    const [us, eu] = local.fleet.regions
    const fleet: Fleet = { ...local.fleet, regions: [us!, { ...eu!, functionName: 'gone' }] }
    expect(codes(await check({ fleet }))).toEqual([[], ['FUNCTION_NOT_FOUND']])
  })

  test('finds a secret that is not the one the fleet is known by', async () => {
    const other = await rotateFleet(local.fleet, { store: inMemory(createFleetSecret()), now: 0, overlapMs: 0 })
    const receiptKeys = other.fleet.receiptKeys.filter(({ epoch }) => epoch === 2).map((key) => ({ ...key, epoch: 1 }))
    expect(codes(await check({ fleet: { ...local.fleet, receiptKeys } }))).toEqual([
      ['REGIONS_DIFFER'],
      ['REGIONS_DIFFER'],
    ])
  })
})

describe('a rotation', () => {
  test('leaves old receipts good, and signs new ones with the new epoch', async () => {
    const before = await settled('count')
    await rotateFleet(local.fleet, { store: createSecretFile(local.files.secret), now: Date.now() })
    await stop()
    await start()
    expect(local.fleet.receiptKeys.map(({ epoch }) => epoch)).toEqual([1, 2])
    expect(verify(before).epoch).toBe(1)
    expect(verify(await settled('count')).epoch).toBe(2)
  })
})

function inMemory(secret: object) {
  let text = JSON.stringify(secret)
  return {
    read: async () => text,
    write: async (next: string) => {
      text = next
    },
  }
}
