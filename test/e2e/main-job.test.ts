/**
 * The one way through the house, on real parts: packed, signed, landed by the SDK over HTTP, admitted and run by the
 * very function that is deployed, settled, and brought home.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PackOptions, packSigned } from '../../lib/author/pack-signed.ts'
import { readManifest, signOrderFor } from '../../lib/author/sign-order.ts'
import type { Json } from '../../lib/encoding/json.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import type { Limits } from '../../lib/limits.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import type { Answer } from '../../lib/mission/merge.ts'
import type { MissionOptions } from '../../lib/mission/mission.ts'
import { run } from '../../lib/run/run.ts'
import type { Scope } from '../../lib/scope.ts'
import { generateKey } from '../../lib/trust/keys.ts'

const US = 'us-east-1'
const EU = 'eu-west-1'
const scope = (bucket: string, prefix = ''): Scope => ({ bucket, prefix, actions: ['read'] })
const LOGS = [scope('logs-us', '2026/'), scope('logs-eu', '2026/')]

const COUNT = `
export default agent(async ({ word }) => {
  let count = 0
  for await (const line of here.lines('2026/')) if (line.includes(word)) count++
  return count
}, { merge: (counts) => counts.reduce((a, b) => a + b, 0) })`

let dir: string
let local: LocalFleet
let clients: FleetClients

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-e2e-'))
  local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: [US, EU], timeoutSeconds: 20 })
  clients = createFleetClients(local.fleet)
  await local.cloud.createBucket(US, 'logs-us')
  await local.cloud.createBucket(EU, 'logs-eu')
  await put(US, 'logs-us', '2026/a.log', 'ok\nERROR disk full\nok\n')
  await put(US, 'logs-us', 'private/b.log', 'ERROR secret\n')
  await put(EU, 'logs-eu', '2026/a.log', 'ERROR timeout\nERROR disk full')
})

afterAll(async () => {
  clients[Symbol.dispose]()
  await local[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

async function put(region: string, bucket: string, key: string, body: string): Promise<void> {
  await clients.s3(region).send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
}

async function pack(body: string, options: Partial<PackOptions> = {}): Promise<Uint8Array> {
  const path = join(dir, `agent-${Math.random().toString(36).slice(2)}.ts`)
  await writeFile(path, `import { agent, here, log, progress } from 'lander/agent'\n${body}\n`)
  return (await packSigned(path, local.developer, { scopes: LOGS, ...options })).file
}

function launch(file: Uint8Array, options: Partial<MissionOptions> = {}): Promise<Answer> {
  return run({ fleet: local.fleet, clients, file, sender: local.developer, ...options })
}

/** The outcome or error of an agent's one region. */
async function land(body: string, limits: Partial<Limits> = {}, options: Partial<MissionOptions> = {}) {
  const file = await pack(body, { scopes: [LOGS[0]!], limits })
  const { regions } = await launch(file, options)
  return regions[0]!
}

describe('the main job', () => {
  test('counts in two regions and brings one number home', async () => {
    const answer = await launch(await pack(COUNT), { input: { word: 'ERROR' } })
    expect(answer).toMatchObject({ outcome: 'completed', value: 3 })
    expect(answer.regions.map(({ region, landingResult }) => [region, landingResult?.outcome])).toEqual([
      [US, { kind: 'completed', value: 1 }],
      [EU, { kind: 'completed', value: 2 }],
    ])
    expect(answer.usage.bytesRead).toBe('ok\nERROR disk full\nok\nERROR timeout\nERROR disk full'.length)
  })

  test('says which objects were read, in which version, and how much of them', async () => {
    const { regions } = await launch(await pack(COUNT), { input: { word: 'ERROR' } })
    const { ETag } = await clients.s3(US).send(new GetObjectCommand({ Bucket: 'logs-us', Key: '2026/a.log' }))
    expect(regions[0]?.landingResult?.reads).toEqual([
      { bucket: 'logs-us', key: '2026/a.log', size: 22, etag: ETag?.replaceAll('"', ''), bytesRead: 22 },
    ])
  })

  test('a bundle is uploaded once to the agent bucket, and found again', async () => {
    const file = await pack(COUNT)
    const bytes: number[] = []
    for (const _ of [1, 2]) {
      const answer = await launch(file, { input: { word: 'ERROR' }, transport: 'bucket' })
      expect(answer.value).toBe(3)
      bytes.push(answer.usage.bytesMoved)
    }
    expect(bytes[0]! - bytes[1]!).toBeGreaterThanOrEqual(2 * file.length - 200)
    const { Contents = [] } = await clients
      .s3(US)
      .send(new ListObjectsV2Command({ Bucket: local.fleet.regions[0]!.agentBucket, Prefix: 'agents/' }))
    expect(Contents).toHaveLength(1)
  })

  test('a buffered Invoke gets one document', async () => {
    const file = await pack(COUNT)
    const input = JSON.stringify({ word: 'ERROR' })
    const { envelope } = signOrderFor({
      manifest: readManifest(file),
      fleet: local.fleet.name,
      regions: [US],
      input,
      sender: local.developer,
      now: Date.now(),
    })
    const event = {
      lander: FORMAT_VERSION,
      bundle: { inline: Buffer.from(file).toString('base64url') },
      order: envelope,
      input,
    }
    const { Payload, FunctionError } = await clients
      .lambda(US)
      .send(new InvokeCommand({ FunctionName: local.fleet.regions[0]!.functionName, Payload: JSON.stringify(event) }))
    expect(FunctionError).toBeUndefined()
    expect(JSON.parse(Buffer.from(Payload!).toString())).toMatchObject({
      landingResult: { outcome: { kind: 'completed', value: 1 } },
    })
  })

  test('progress arrives while the agent works', async () => {
    const seen: number[] = []
    const body =
      'export default agent(async () => { for (let i = 1; i <= 4; i++) { progress(i / 4); await sleep(250) } })'
    await land(
      body.replace('export default', "import { sleep } from 'lander/agent'\nexport default"),
      {},
      {
        onProgress: (_, { fraction = 0 }) => seen.push(fraction),
      },
    )
    expect(seen.length).toBeGreaterThan(1)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  })

  test('one region’s failure is named, and the others’ answers are kept', async () => {
    const body = `export default agent(async () => { if (here.region === '${EU}') throw new TypeError('not here'); return 7 })`
    const answer = await launch(await pack(body))
    expect(answer.outcome).toBe('failed')
    expect(answer).not.toHaveProperty('value')
    expect(answer.regions[0]?.landingResult?.outcome).toEqual({ kind: 'completed', value: 7 })
    expect(answer.regions[1]?.landingResult?.outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'AGENT_THREW', name: 'TypeError', message: 'not here' },
    })
  })

  test('a region without a function is named', async () => {
    const { regions } = await launch(await pack(COUNT), { order: { regions: ['ap-south-1'] } })
    expect(regions).toMatchObject([{ region: 'ap-south-1', error: { code: 'FUNCTION_NOT_FOUND' } }])
  })
})

describe('what may run', () => {
  const refused = (code: string) => ({ error: { code, situation: 'refused' } })

  test('a key the fleet does not know is refused', async () => {
    const file = await pack(COUNT)
    expect((await launch(file, { sender: generateKey() })).regions[0]).toMatchObject(refused('KEY_UNKNOWN'))
  })

  test('an expired bundle is refused', async () => {
    const file = await pack(COUNT, { now: Date.now() - 3_600_000, expiresInMs: 1000 })
    const { regions } = await launch(file, { now: () => Date.now() - 3_600_000 })
    expect(regions[0]).toMatchObject(refused('EXPIRED'))
  })

  test('a bundle for another fleet or region is refused', async () => {
    const otherFleet = await launch(await pack(COUNT, { fleet: 'elsewhere' }))
    expect(otherFleet.regions[0]).toMatchObject(refused('WRONG_FLEET'))
    const otherRegion = await launch(await pack(COUNT, { regions: [EU] }), { order: { regions: [US] } })
    expect(otherRegion.regions[0]).toMatchObject(refused('WRONG_REGION'))
  })

  test('an altered bundle is refused', async () => {
    const file = await pack(COUNT)
    file[file.length - 1]! ^= 1
    expect((await launch(file)).regions[0]).toMatchObject(refused('DIGEST_MISMATCH'))
  })

  test('an order wider than its manifest is refused', async () => {
    const file = await pack(COUNT)
    const { regions } = await launch(file, { order: { scopes: [scope('logs-us')] } })
    expect(regions[0]).toMatchObject(refused('ORDER_MISMATCH'))
  })

  test('the same order does not land twice in a region', async () => {
    const file = await pack('export default agent(() => 1)')
    const manifest = readManifest(file)
    const order = signOrderFor({
      manifest,
      fleet: 'local',
      regions: [US],
      input: 'null',
      sender: local.developer,
      now: Date.now(),
    })
    const event = JSON.stringify({
      lander: FORMAT_VERSION,
      bundle: { inline: Buffer.from(file).toString('base64url') },
      order: order.envelope,
      input: 'null',
    })
    const replies: Json[] = []
    for (const _ of [1, 2]) {
      const { functionName } = local.fleet.regions[0]!
      const { Payload } = await clients
        .lambda(US)
        .send(new InvokeCommand({ FunctionName: functionName, Payload: event }))
      replies.push(JSON.parse(Buffer.from(Payload!).toString()))
    }
    expect(replies).toMatchObject([{ landingResult: { outcome: { value: 1 } } }, refused('REPLAYED')])
  })

  test.each([
    ['null', null],
    ['a number', 7],
    ['an unsigned bundle', { lander: FORMAT_VERSION, bundle: { inline: 'AAAA' }, order: {}, input: 'null' }],
  ])('%s in place of an invocation gets a refusal, and the function lives on', async (_, event) => {
    const { functionName } = local.fleet.regions[0]!
    const { Payload, FunctionError } = await clients
      .lambda(US)
      .send(new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }))
    expect(FunctionError).toBeUndefined()
    expect(JSON.parse(Buffer.from(Payload!).toString())).toMatchObject({ error: { situation: 'refused' } })
  })
})

describe('what an agent can do', () => {
  test('an object outside its scope is out of reach, with a remedy', async () => {
    const { landingResult } = await land("export default agent(async () => (await here.open('private/b.log')).text())")
    expect(landingResult?.outcome).toMatchObject({ kind: 'failed', error: { code: 'OBJECT_OUT_OF_SCOPE' } })
    expect(JSON.stringify(landingResult)).not.toContain('secret')
  })

  test('a missing object has its own code, which the agent can catch', async () => {
    const body =
      "export default agent(async () => { try { await here.open('2026/none') } catch (error) { return error.code } })"
    expect((await land(body)).landingResult?.outcome).toEqual({ kind: 'completed', value: 'OBJECT_NOT_FOUND' })
  })

  test('an object that changes while it is read fails the read, never mixes two versions', async () => {
    await put(US, 'logs-us', '2026/changing', 'first')
    // The agent holds the first version until a second object tells it that there is another.
    const body = `import { sleep } from 'lander/agent'
    const isThere = (key) => here.open(key).then(() => true, () => false)
    export default agent(async () => {
      const object = await here.open('2026/changing')
      progress(0.5)
      while (!(await isThere('2026/changed'))) await sleep(50)
      return object.text()
    })`
    let changed: Promise<void> | undefined
    const change = async () => {
      await put(US, 'logs-us', '2026/changing', 'second')
      await put(US, 'logs-us', '2026/changed', '')
    }
    const { landingResult } = await land(
      body,
      {},
      {
        onProgress: (_, { fraction }) => {
          if (fraction === 0.5) changed ??= change()
        },
      },
    )
    await changed
    expect(landingResult?.outcome).toMatchObject({ kind: 'failed', error: { code: 'OBJECT_CHANGED' } })
  })
})

describe('what an agent can’t do', () => {
  test.each([
    ['an endless loop', 'export default agent(() => { for (;;); })', { wallMs: 400 }, 'wallMs'],
    ['endless microtasks', 'export default agent(async () => { for (;;) await null })', { wallMs: 400 }, 'wallMs'],
    [
      'a memory bomb',
      'export default agent(() => { const a = []; for (;;) a.push(new Array(10000).fill(1)) })',
      { memoryPages: 256 },
      'memoryPages',
    ],
    ['a huge result', "export default agent(() => 'x'.repeat(5000))", { resultBytes: 1000 }, 'resultBytes'],
    [
      'reading too much',
      "export default agent(async () => (await here.open('2026/a.log')).text())",
      { readBytes: 10 },
      'readBytes',
    ],
    [
      'logging too much',
      "export default agent(() => { for (let i = 0; i < 1000; i++) log('x'.repeat(100)) })",
      { logBytes: 1000 },
      'logBytes',
    ],
  ])('%s is stopped by its limit, and nothing of it leaves', async (_, body, limits, limit) => {
    const { landingResult } = await land(body, { wallMs: 10_000, ...limits })
    expect(landingResult?.outcome).toMatchObject({ kind: 'stopped', limit })
    expect(JSON.stringify(landingResult?.outcome)).not.toContain('xxxx')
  })

  test('after all that, the same function still answers', async () => {
    expect((await land('export default agent(() => 42)')).landingResult?.outcome).toEqual({
      kind: 'completed',
      value: 42,
    })
  })
})

test('a function that dies in the middle is named, and the next call is served', async () => {
  const name = 'dies'
  await writeFile(
    join(dir, 'dies.mjs'),
    'export const handler = awslambda.streamifyResponse(async (_, stream) => { stream.write("{"); process.exit(3) })',
  )
  local.cloud.createFunction(US, {
    name,
    codeDir: dir,
    handler: 'dies.handler',
    environment: {},
    timeoutSeconds: 5,
    memoryMb: 512,
  })
  const regions = [{ ...local.fleet.regions[0]!, functionName: name }, local.fleet.regions[1]!]
  const answer = await launch(await pack(COUNT), { fleet: { ...local.fleet, regions }, input: { word: 'ERROR' } })
  expect(answer.outcome).toBe('unreachable')
  expect(answer.regions[0]?.error).toMatchObject({ code: 'FUNCTION_FAILED', message: expect.stringContaining(name) })
  expect(answer.regions[1]?.landingResult?.outcome).toEqual({ kind: 'completed', value: 2 })
})
