/** Answers that are altered, replayed or another's: on the network, and where a detached mission's answer waits. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packSigned } from '../../lib/author/pack-signed.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { collectAnswer } from '../../lib/mission/detached/collect.ts'
import { dispatchMission } from '../../lib/mission/detached/dispatch.ts'
import { missionAnswer } from '../../lib/mission/detached/status.ts'
import type { MissionOptions } from '../../lib/mission/mission.ts'
import { runMission } from '../../lib/mission/mission.ts'
import { answerKey, bundleKey } from '../../lib/objects/agent-bucket.ts'
import { run } from '../../lib/run/run.ts'
import { lander } from '../support/cli.ts'
import { type ReplayingProxy, startReplayingProxy } from '../support/replaying-proxy.ts'

const [US, EU] = ['us-east-1', 'eu-west-1'] as const
const SCOPES = [US, EU].map((region) => ({ bucket: `logs-${region}`, prefix: '', actions: ['read'] as ['read'] }))

let dir: string
let local: LocalFleet
let proxy: ReplayingProxy
let clients: FleetClients

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-forged-'))
  local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: [US, EU], timeoutSeconds: 20 })
  proxy = await startReplayingProxy(local.fleet.endpoint!)
  clients = createFleetClients({ ...local.fleet, endpoint: proxy.endpoint })
  for (const region of [US, EU]) {
    await local.cloud.createBucket(region, `logs-${region}`)
    await clients.s3(region).send(new PutObjectCommand({ Bucket: `logs-${region}`, Key: 'a.log', Body: 'a\nb\n' }))
  }
})

afterAll(async () => {
  clients[Symbol.dispose]()
  await proxy[Symbol.asyncDispose]()
  await local[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

async function pack(body: string): Promise<Uint8Array> {
  const path = join(dir, `agent-${Math.random().toString(36).slice(2)}.ts`)
  const code = `export default agent(async (input) => { ${body} }, { merge: sum })\n`
  await writeFile(path, `import { agent, here, hop, log, sum } from 'lander/agent'\n${code}`)
  return (await packSigned(path, local.developer, { scopes: SCOPES })).file
}

const COUNT = 'let lines = 0; for await (const _ of here.lines()) lines++; return lines'

const base = async (body = COUNT): Promise<MissionOptions> => ({
  fleet: local.fleet,
  clients,
  file: await pack(body),
  sender: local.developer,
  starts: 'first',
})

describe('an Invoke that is answered with a genuine reply', () => {
  /** What the first region of a mission came to where every Invoke is answered with an earlier reply. */
  async function replayed(before: MissionOptions, after: MissionOptions) {
    await runMission(before)
    const old = proxy.replies.at(-1)!
    proxy.replace = () => old
    try {
      return (await runMission(after)).regions[0]
    } finally {
      proxy.replace = (genuine) => genuine
    }
  }
  const refused = (what: string) => ({
    error: { code: 'REPLY_MISMATCH', situation: 'refused', message: expect.stringContaining(`(${what})`) },
  })

  test('of another bundle is refused', async () => {
    const region = await replayed(await base('return 1'), await base('return 2'))
    expect(region).toMatchObject(refused('mission'))
    expect(region).not.toHaveProperty('landingResult')
  })

  test('of the same bundle is refused: it is of another mission', async () => {
    const same = await base()
    expect(await replayed(same, same)).toMatchObject(refused('mission'))
  })

  test('of an earlier landing of the same agent is refused', async () => {
    const seen: string[] = []
    proxy.replace = (genuine) => {
      seen.push('landing')
      return seen.length === 3 ? proxy.replies[proxy.replies.length - 3]! : genuine
    }
    try {
      const { regions } = await runMission(await base(`await hop('${EU}'); await hop('${US}'); return 1`))
      expect(seen).toHaveLength(3)
      expect(regions[0]).toMatchObject(refused('sequence'))
    } finally {
      proxy.replace = (genuine) => genuine
    }
  })

  test('of another region is refused', async () => {
    const before = proxy.replies.length
    proxy.replace = (genuine) => (proxy.replies.length === before + 2 ? proxy.replies.at(-2)! : genuine)
    try {
      const { regions } = await runMission(await base(`await hop('${EU}'); return 1`))
      expect(regions[0]).toMatchObject(refused('place'))
    } finally {
      proxy.replace = (genuine) => genuine
    }
  })
})

describe('a reply that was altered on its way', () => {
  /** As if over plain HTTP: the event stream's own checksums are no signature, so they are made good. */
  const altering = async (fleet: Fleet) => {
    const original = clients.lambda
    const altered: FleetClients = {
      ...clients,
      lambda: (region) => {
        const client = original(region)
        return new Proxy(client, {
          get(target, name) {
            if (name !== 'send') return Reflect.get(target, name)
            return async (...args: Parameters<typeof client.send>) => {
              const output = (await target.send(...args)) as unknown as { EventStream?: AsyncIterable<unknown> }
              return { ...output, EventStream: alter(output.EventStream ?? []) }
            }
          },
        })
      },
    }
    return run({ ...(await base()), fleet, clients: altered, start: 'everywhere', place: 'data' })
  }

  test('is refused, and the other regions keep theirs', async () => {
    const answer = await altering(local.fleet)
    expect(answer).toMatchObject({
      outcome: 'refused',
      verified: true,
      regions: [{ error: { code: 'RECEIPT_MISMATCH', message: expect.stringContaining('(result)') } }, {}],
      partial: 2,
    })
    expect(answer).not.toHaveProperty('value')
  })

  test('is taken where the fleet file has no receipt keys, and the answer says that nothing was verified', async () => {
    const answer = await altering({ ...local.fleet, receiptKeys: [] })
    expect(answer).toMatchObject({ outcome: 'completed', verified: false, value: 9 })
  })

  test('an honest answer is verified', async () => {
    const answer = await run({ ...(await base()), place: 'data' })
    expect(answer).toMatchObject({ outcome: 'completed', verified: true, value: 4 })
  })
})

/** Alters the value of us-east-1 from 2 to 7. */
async function* alter(events: AsyncIterable<unknown> | readonly unknown[]) {
  for await (const event of events) {
    const chunk = (event as { PayloadChunk?: { Payload: Uint8Array } }).PayloadChunk
    if (chunk === undefined) yield event
    else {
      const text = Buffer.from(chunk.Payload).toString()
      const mine = text.includes(`"place":"${US}"`)
      const Payload = mine ? Buffer.from(text.replace('"completed","value":2', '"completed","value":7')) : chunk.Payload
      yield { PayloadChunk: { Payload } }
    }
  }
}

describe('the stored answer of a detached mission', () => {
  type Stored = Record<string, unknown> & { regions: Record<string, unknown>[] }
  const looking = () => ({ fleet: local.fleet, clients, sender: async () => local.developer })

  async function answered(body = COUNT, options: Partial<MissionOptions> = {}): Promise<string> {
    const { mission } = await dispatchMission({ ...(await base(body)), ...options })
    while ((await missionAnswer(mission, looking())).answer === undefined) await sleep(100)
    return mission
  }
  const at = (mission: string) => ({ Bucket: local.fleet.regions[0]!.agentBucket, Key: answerKey(mission) })
  async function stored(mission: string): Promise<Stored> {
    const { Body } = await clients.s3(US).send(new GetObjectCommand(at(mission)))
    return JSON.parse(await Body!.transformToString())
  }
  const store = (mission: string, answer: unknown) =>
    clients.s3(US).send(new PutObjectCommand({ ...at(mission), Body: JSON.stringify(answer) }))
  const renamed = (text: unknown, from: string, to: string) => JSON.parse(JSON.stringify(text).replaceAll(from, to))

  test('is printed with exit code 0 when it is genuine, and says that it was verified', async () => {
    const mission = await answered()
    const env = { LANDER_HOME: join(dir, 'elsewhere') }
    const result = await lander(['result', mission, '--fleet', local.files.fleet, '--json'], { cwd: dir, env })
    expect(result).toMatchObject({ status: 0, json: { value: 2, verified: true } })
    await store(mission, renamed(await stored(mission), '"completed","value":2', '"completed","value":7'))
    const altered = await lander(['result', mission, '--fleet', local.files.fleet, '--json'], { cwd: dir, env })
    expect(altered).toMatchObject({ status: 3, json: { error: { code: 'RECEIPT_MISMATCH' } } })
  })

  test.each<[string, string, (answer: Stored) => unknown]>([
    ['without a route', 'REPLY_MISMATCH', (answer) => ({ ...answer, regions: [{ ...answer.regions[0], route: [] }] })],
    [
      'of another region',
      'REPLY_MISMATCH',
      (answer) => ({ ...answer, regions: [{ ...answer.regions[0], region: EU }] }),
    ],
    ['whose every region is another', 'REPLY_MISMATCH', (answer) => renamed(answer, US, EU)],
    ['of no region', 'REPLY_MALFORMED', (answer) => ({ ...answer, regions: [] })],
    [
      'that is twice there',
      'REPLY_MISMATCH',
      (answer) => ({ ...answer, regions: [...answer.regions, ...answer.regions] }),
    ],
    [
      'whose route has another value',
      'REPLY_MISMATCH',
      (answer) => {
        const [{ route, ...region }] = answer.regions as [Record<string, unknown>]
        return { ...answer, regions: [{ ...region, route: renamed(route, '"value":2', '"value":7') }] }
      },
    ],
    [
      'without receipts',
      'ENVELOPE_MALFORMED',
      (answer) => JSON.parse(JSON.stringify(answer, (name, value) => (name === 'receipt' ? undefined : value))),
    ],
  ])('%s is refused: %s', async (_, code, forge) => {
    const mission = await answered()
    await store(mission, forge(await stored(mission)))
    await expect(collectAnswer(mission, looking())).rejects.toMatchObject({ code })
  })

  test('of another mission is refused, under its own name and under this one', async () => {
    const [mine, other] = [await answered(), await answered('return 7')]
    const foreign = await stored(other)
    await store(mine, foreign)
    await expect(collectAnswer(mine, looking())).rejects.toMatchObject({ code: 'REPLY_MISMATCH' })
    await store(mine, renamed(foreign, other, mine))
    await expect(collectAnswer(mine, looking())).rejects.toMatchObject({ code: 'REPLY_MISMATCH' })
  })

  test('that leaves out a landing is refused', async () => {
    const mission = await answered(`log('here'); await hop('${EU}'); return 1`)
    const answer = await stored(mission)
    const [{ route, ...region }] = answer.regions as [{ route: unknown[] }]
    await store(mission, { ...answer, regions: [{ ...region, route: route.slice(1) }] })
    await expect(collectAnswer(mission, looking())).rejects.toMatchObject({ code: 'REPLY_MISMATCH' })
  })

  test('that is altered is taken without receipt keys, and says so', async () => {
    const mission = await answered()
    await store(mission, renamed(await stored(mission), '"completed","value":2', '"completed","value":7'))
    const fleet = { ...local.fleet, receiptKeys: [] }
    expect(await collectAnswer(mission, { ...looking(), fleet })).toMatchObject({ value: 7, verified: false })
  })

  test('is not merged by a bundle that was put in the place of its own', async () => {
    const mission = await answered(COUNT, { starts: 'all', transport: 'bucket' })
    const { request } = await missionAnswer(mission, looking())
    if (!('sha256' in request.bundle)) throw new Error('the bundle is not in the bucket')
    const { agentBucket: Bucket } = local.fleet.regions[0]!
    const Body = await pack('return 7')
    await clients.s3(US).send(new PutObjectCommand({ Bucket, Key: bundleKey(request.bundle.sha256), Body }))
    await expect(collectAnswer(mission, looking())).rejects.toMatchObject({ code: 'REPLY_MISMATCH' })
  })
})
