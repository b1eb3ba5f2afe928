/** Relays of detached missions: one after the other, side by side, and with spoilt words of others. */

import { describe, expect, test } from 'vitest'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { answerKey, handoverKey, requestKey } from '../../lib/objects/agent-bucket.ts'
import { parseAnswer } from '../../lib/relay/detached-records.ts'
import { readRequest } from '../../lib/relay/detached-request.ts'
import {
  type DetachedTaskOptions,
  parseRelayEvent,
  type RelayEvent,
  runDetachedTask,
} from '../../lib/relay/detached-task.ts'
import type { FindPlace } from '../../lib/relay/landing-place.ts'
import { AP, createWorld, EU, PLACES, US, type World } from '../support/fleet-of-hosts.ts'
import { useSandbox } from '../support/sandbox.ts'

const sandbox = useSandbox()
const TOUR = `const seen = []; for (const region of here.regions) { await hop(region); seen.push(here.region); log(region) } return seen`

interface Sent {
  readonly there: World
  readonly mission: string
  readonly event: RelayEvent
  /** Starts a relay. `landings` is how many it makes before it is asked to leave. */
  carry(event?: RelayEvent, options?: { landings?: number }): Promise<string>
  /** Relays that were started by others. */
  readonly started: RelayEvent[]
  answer(): Promise<ReturnType<typeof parseAnswer>>
}

async function send(body = TOUR): Promise<Sent> {
  const there = createWorld({ sandbox: sandbox.sandbox(), assets: sandbox.assets })
  const { base, mission } = there.mission(body)
  const regions = PLACES.map((region) => ({ region, functionName: 'f', agentBucket: 'b' }))
  const times = { sentAt: there.clock.now, expiresAt: there.clock.now + 1e6 }
  const request = { ...base, mission, regions, starts: [US], ...times }
  const agents = there.buckets[US]!
  await agents.put(requestKey(mission), Buffer.from(JSON.stringify(request)))
  const started: RelayEvent[] = []
  const event: RelayEvent = { lander: FORMAT_VERSION, relay: mission, generation: 1 }
  return {
    there,
    mission,
    event,
    started,
    async carry(which = event, { landings = Number.POSITIVE_INFINITY } = {}) {
      const evict = new AbortController()
      let left = landings
      const placesOf = (): FindPlace => (name) => ({
        name,
        states: there.buckets[name]!,
        deliver: async () => ({ bundle: base.bundle, bytesMoved: 0 }),
        async land(invocation, { signal } = {}) {
          if (left-- === 0) evict.abort()
          signal?.throwIfAborted()
          return { reply: await there.invoke(name, invocation), bytesMoved: 0 }
        },
      })
      const startNext = async (next: RelayEvent) => void started.push(next)
      const options: DetachedTaskOptions = {
        agents,
        placesOf,
        startNext,
        evict: evict.signal,
        now: () => there.clock.now,
      }
      return runDetachedTask(which, options)
    },
    answer: async () => parseAnswer((await agents.get(answerKey(mission), 1e9))!),
  }
}

const told = ({ regions: [agent] }: ReturnType<typeof parseAnswer>) => agent?.landingResult?.outcome

describe('a relay', () => {
  test('carries a mission to its answer, and finds it answered the next time', async () => {
    const { carry, answer, event } = await send()
    expect(await carry()).toBe('answered')
    expect(await answer()).toMatchObject({
      relays: 1,
      regions: [{ region: US, landingResult: { outcome: { value: PLACES } } }],
    })
    expect(await carry(event, { landings: 0 })).toBe('answered')
  })

  test('hands over where it stands, and the next goes on from there', async () => {
    const { carry, started, answer, mission, there } = await send()
    expect(await carry(undefined, { landings: 1 })).toBe('handed over')
    expect(started).toEqual([{ lander: FORMAT_VERSION, relay: mission, generation: 2 }])
    expect(await carry(started[0], { landings: 1 })).toBe('handed over')
    expect(await carry(started[1])).toBe('answered')
    const { regions, relays } = await answer()
    expect(relays).toBe(3)
    expect(
      regions[0]!.route!.map(({ place, sequence, landingResult }) => [place, sequence, landingResult.logs]),
    ).toEqual([
      [US, 0, [US]],
      [EU, 1, [EU]],
      [AP, 2, [AP]],
    ])
    expect(there.wire).toHaveLength(3)
  })

  test('that is asked to leave while copies are under way loses none of them', async () => {
    const work = `here.regions.map((region) => at(region, () => here.region))`
    for (const landings of [2, 4]) {
      const { carry, started, answer } = await send(`return Promise.all(${work})`)
      expect(await carry(undefined, { landings }), `${landings}`).toBe('handed over')
      expect(await carry(started[0])).toBe('answered')
      expect(told(await answer())).toMatchObject({ value: PLACES })
    }
  })

  test('beside another does nothing twice', async () => {
    const { carry, answer } = await send()
    expect(await Promise.all([carry(), carry(), carry()])).toEqual(['answered', 'answered', 'answered'])
    const { regions } = await answer()
    expect(regions[0]!.landingResult!.outcome).toMatchObject({ value: PLACES })
    expect(regions[0]!.route!.flatMap(({ landingResult }) => landingResult.logs)).toEqual(PLACES)
  })

  test('goes on from the beginning when the word of the last one is lost', async () => {
    const { carry, started, answer } = await send()
    await carry(undefined, { landings: 2 })
    expect(await carry({ ...started[0]!, generation: 9 })).toBe('answered')
    expect(told(await answer())).toMatchObject({ value: PLACES })
  })

  test('of a mission that nobody sent carries nothing', async () => {
    const { carry } = await send()
    expect(await carry({ lander: FORMAT_VERSION, relay: 'A'.repeat(22), generation: 1 })).toBe('unknown')
  })
})

describe('words that are none', () => {
  test.each([
    ['of a relay for the next', (mission: string) => handoverKey(mission, 2), 'REPLY_MALFORMED'],
    ['of a sender', requestKey, 'REQUEST_MALFORMED'],
  ])('%s are refused', async (_, keyOf, code) => {
    const { carry, there, mission } = await send()
    for (const word of ['', '{', '[]', '{"agents":[{"region":7}]}', `{"lander":${FORMAT_VERSION}}`]) {
      await there.buckets[US]!.put(keyOf(mission), Buffer.from(word))
      await expect(carry({ lander: FORMAT_VERSION, relay: mission, generation: 2 })).rejects.toMatchObject({ code })
    }
  })

  test('of an answer are refused', () => {
    for (const word of ['', '{}', `{"lander":${FORMAT_VERSION},"mission":"m","regions":[],"endedAt":1,"relays":1}`])
      expect(() => parseAnswer(Buffer.from(word))).toThrow(expect.objectContaining({ code: 'REPLY_MALFORMED' }))
  })

  test('start no relay', () => {
    const event = { lander: FORMAT_VERSION, relay: 'A'.repeat(22), generation: 1 }
    expect(parseRelayEvent(event)).toEqual(event)
    for (const spoilt of [null, {}, { ...event, relay: '../x' }, { ...event, generation: 0 }, { ...event, more: 1 }])
      expect(parseRelayEvent(spoilt)).toBeUndefined()
  })

  test('of no mission are no request', async () => {
    const { there } = await send()
    expect(await readRequest('B'.repeat(22), there.buckets[US]!)).toBeUndefined()
  })
})
