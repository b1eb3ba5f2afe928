/** Missions that go on by themselves, on real parts: three regions, their relay functions, places that die. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packSigned } from '../../lib/author/pack-signed.ts'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import type { LambdaFunction } from '../../lib/local/lambda/lambda-function.ts'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { collectAnswer } from '../../lib/mission/detached/collect.ts'
import { type Dispatched, dispatchMission } from '../../lib/mission/detached/dispatch.ts'
import { cancelMission, missionAnswer, missionStatus } from '../../lib/mission/detached/status.ts'
import type { MissionOptions } from '../../lib/mission/mission.ts'
import { verifyLandingResult } from '../../lib/mission/verify-receipts.ts'
import type { MissionAnswer } from '../../lib/relay/detached-records.ts'
import type { Scope } from '../../lib/scope.ts'
import { verifyReceiptChain } from '../../lib/trust/receipt.ts'

const [US, EU, AP] = ['us-east-1', 'eu-west-1', 'ap-south-1'] as const
const REGIONS = [US, EU, AP]
const LOGS: Scope[] = REGIONS.map((region) => ({ bucket: `logs-${region}`, prefix: '', actions: ['read'] }))
/** Of agents' functions and of relays alike. */
const TIMEOUT_SECONDS = 4

/** When an instance dies in the middle of its next call. */
let deathOf: (fn: LambdaFunction) => number | undefined = () => undefined

let dir: string
let local: LocalFleet
let clients: FleetClients

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-detached-'))
  const lambda = { retryDelaysMs: [200, 200], dieAfterMs: (fn: LambdaFunction) => deathOf(fn) }
  local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: REGIONS, timeoutSeconds: TIMEOUT_SECONDS, lambda })
  clients = createFleetClients(local.fleet)
  for (const region of REGIONS) {
    await local.cloud.createBucket(region, `logs-${region}`)
    const lines = Array.from({ length: 100 }, (_, line) => `line ${line} of ${region}\n`).join('')
    await clients.s3(region).send(new PutObjectCommand({ Bucket: `logs-${region}`, Key: 'a.log', Body: lines }))
  }
})

afterAll(async () => {
  clients[Symbol.dispose]()
  await local[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

async function pack(body: string): Promise<Uint8Array> {
  const path = join(dir, `agent-${Math.random().toString(36).slice(2)}.ts`)
  const imports = 'agent, at, checkpoint, here, hop, log, places, progress, sleep, sum'
  await writeFile(
    path,
    `import { ${imports} } from 'lander/agent'\nexport default agent(async (input) => { ${body} }, { merge: sum })\n`,
  )
  const { file } = await packSigned(path, local.developer, { scopes: LOGS })
  return file
}

async function dispatch(body: string, options: Partial<MissionOptions> = {}): Promise<Dispatched> {
  const file = await pack(body)
  return dispatchMission({ fleet: local.fleet, clients, file, sender: local.developer, starts: 'first', ...options })
}

const looking = () => ({ fleet: local.fleet, clients })

async function answerOf({ mission }: Pick<Dispatched, 'mission'>): Promise<MissionAnswer> {
  for (;;) {
    const { answer } = await missionAnswer(mission, looking())
    if (answer !== undefined) return answer
    await sleep(100)
  }
}

const value = ({ regions: [agent] }: MissionAnswer) =>
  agent?.landingResult?.outcome.kind === 'completed' ? agent.landingResult.outcome.value : agent?.error?.code

describe('a detached mission', () => {
  test('goes on by itself, and its answer waits', async () => {
    const sent = await dispatch(
      `let lines = 0; for (const region of here.regions) { await hop(region); for await (const line of here.lines()) lines++ } return lines`,
    )
    expect(sent).toMatchObject({ relay: US, regions: REGIONS })
    const answer = await answerOf(sent)
    expect(value(answer)).toBe(300)
    const { route = [] } = answer.regions[0]!
    // On a slow machine a function may be over before its agent is: then it lands anew where it is.
    expect([...new Set(route.map(({ place }) => place))]).toEqual(REGIONS)
    const trust = receiptTrustOf(local.fleet)
    const receipts = route.map(({ landingResult }) => verifyLandingResult(landingResult, trust))
    expect(() => verifyReceiptChain(receipts)).not.toThrow()
    expect(await missionStatus(sent.mission, looking())).toMatchObject({
      state: 'answered',
      landings: route.length,
      last: [{ branch: US, sequence: route.length - 1, region: AP, ended: true }],
    })
  })

  test('starts everywhere, and sends copies', async () => {
    const sent = await dispatch(
      `return at(here.regions[(here.regions.indexOf(here.region) + 1) % 3], async () => here.region)`,
      {
        starts: 'all',
      },
    )
    const { regions } = await answerOf(sent)
    expect(regions.map(({ landingResult }) => landingResult?.outcome)).toEqual(
      [EU, AP, US].map((region) => ({ kind: 'completed', value: region })),
    )
  })

  test('is older than any function, its relay among them', async () => {
    const sent = await dispatch(
      `let naps = 0; for (const region of [...here.regions, ...here.regions]) { await hop(region); for (let i = 0; i < 4; i++) { await sleep(400); naps++ } } return naps`,
    )
    const answer = await answerOf(sent)
    expect(value(answer)).toBe(24)
    expect(answer.relays).toBeGreaterThan(1)
    const steps = answer.regions[0]!.route!.map(({ branch, sequence }) => `${branch} ${sequence}`)
    expect(steps).toEqual(steps.map((_, sequence) => `${US} ${sequence}`))
  })

  test('runs no agent twice when its relay is started twice', async () => {
    const sent = await dispatch(`log('once'); await sleep(300); await hop('${EU}'); log('once'); return 1`)
    const again = { FunctionName: local.fleet.regions[0]!.relayName, InvocationType: 'Event' as const }
    const Payload = JSON.stringify({ lander: FORMAT_VERSION, relay: sent.mission, generation: 1 })
    for (let i = 0; i < 3; i++) await clients.lambda(US).send(new InvokeCommand({ ...again, Payload }))
    const answer = await answerOf(sent)
    const { route = [] } = answer.regions[0]!
    expect(route.flatMap(({ landingResult }) => landingResult.logs)).toEqual(['once', 'once'])
    expect(await missionStatus(sent.mission, looking())).toMatchObject({ landings: route.length })
  })

  test('survives the death of its relays, and of places with and without a checkpoint', async () => {
    const left = { relay: 2, place: 4 }
    deathOf = ({ name }) => {
      const kind = name === local.fleet.regions[0]!.relayName ? 'relay' : 'place'
      return left[kind]-- > 0 ? (kind === 'relay' ? 700 : 250) : undefined
    }
    try {
      const sent = await dispatch(
        `let lines = 0; for (const region of here.regions) { await hop(region); for await (const line of here.lines()) lines++; await checkpoint(); await sleep(200); log(region) } return lines`,
      )
      const answer = await answerOf(sent)
      expect(value(answer)).toBe(300)
      const { route = [] } = answer.regions[0]!
      expect(route.flatMap(({ landingResult }) => landingResult.logs)).toEqual(REGIONS)
      expect(route.map(({ sequence }) => sequence)).toEqual(route.map((_, sequence) => sequence))
      expect(left.place).toBeLessThan(0)
      expect((await missionStatus(sent.mission, looking())).replaced).toBeGreaterThan(0)
    } finally {
      deathOf = () => undefined
    }
  })

  test('lands nowhere any more once it is cancelled', async () => {
    const sent = await dispatch(`for (;;) for (const region of here.regions) { await hop(region); await sleep(200) }`)
    const asking = { ...looking(), sender: async () => local.developer }
    await expect(collectAnswer(sent.mission, asking)).rejects.toMatchObject({ code: 'MISSION_UNDER_WAY' })
    const later = { ...asking, now: () => sent.expiresAt + 60_001 }
    await expect(collectAnswer(sent.mission, later)).rejects.toMatchObject({ code: 'EXPIRED' })
    await sleep(1000)
    expect(await cancelMission(sent.mission, looking())).toBe(true)
    expect(await cancelMission(sent.mission, looking())).toBe(false)
    expect(value(await answerOf(sent))).toBe('CANCELLED')
    expect(await missionStatus(sent.mission, looking())).toMatchObject({ state: 'cancelled' })
  })

  test('ends when its order does', async () => {
    const sent = await dispatch(`for (;;) for (const region of here.regions) { await hop(region); await sleep(100) }`, {
      order: { lifetimeMs: 2500 },
    })
    // The order first; a box that is opened in the same moment says so too.
    expect(value(await answerOf(sent))).toMatch(/^(STATE_)?EXPIRED$/)
  })

  test('that nobody knows is named', async () => {
    for (const mission of ['A'.repeat(22), '../../trust', ''])
      for (const ask of [missionStatus, missionAnswer, cancelMission])
        await expect(ask(mission, looking())).rejects.toMatchObject({ code: 'MISSION_UNKNOWN' })
  })
})
