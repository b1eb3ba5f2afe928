import { describe, expect, test } from 'vitest'
import { createFleetSecret } from '../../lib/trust/fleet-secret.ts'
import {
  AP,
  agentOf,
  bytesOf,
  codeOf,
  createWorld,
  departureOf,
  EU,
  inlineRef,
  US,
  type World,
} from '../support/fleet-of-hosts.ts'
import { useSandbox } from '../support/sandbox.ts'

const sandbox = useSandbox()
const world = (changes: object = {}): World =>
  createWorld({ sandbox: sandbox.sandbox(), assets: sandbox.assets, ...changes })

/** An agent that has left US for EU, and the invocation that lands it. */
async function onItsWay(there: World = world(), body = `await hop('${EU}'); return 'landed'`, options = {}) {
  const { base } = there.mission(body, options)
  const sealedState = agentOf(await there.invoke(US, base))
  const event = { ...base, entry: 'resume' as const, state: sealedState.ref }
  return { there, base, sealedState, event, sealed: bytesOf(sealedState.ref) }
}

const completed = (value: unknown) => ({ landingResult: { outcome: { kind: 'completed', value } } })

describe('a sealed agent', () => {
  test('lands at its destination', async () => {
    const { there, event, sealedState } = await onItsWay()
    expect(sealedState).toMatchObject({ to: EU, branch: US, sequence: 1 })
    expect(await there.invoke(EU, event)).toMatchObject(completed('landed'))
  })

  test('lands nowhere else', async () => {
    const { there, event } = await onItsWay()
    expect(codeOf(await there.invoke(AP, event))).toBe('STATE_MISMATCH')
    expect(codeOf(await there.invoke(US, event))).toBe('STATE_MISMATCH')
  })

  test('lands once', async () => {
    const { there, event } = await onItsWay()
    await there.invoke(EU, event)
    expect(codeOf(await there.invoke(EU, event))).toBe('REPLAYED')
  })

  test('does not return to an earlier landing', async () => {
    const { there, base, event } = await onItsWay(
      world(),
      `await hop('${EU}'); await hop('${US}'); await hop('${EU}'); return 3`,
    )
    const second = agentOf(await there.invoke(EU, event))
    const third = agentOf(await there.invoke(US, { ...base, entry: 'resume', state: second.ref }))
    expect(codeOf(await there.invoke(EU, event))).toBe('REPLAYED')
    expect(await there.invoke(EU, { ...base, entry: 'resume', state: third.ref })).toMatchObject(completed(3))
  })

  test('is refused with bits flipped, anywhere', async () => {
    const { there, event, sealed } = await onItsWay()
    for (let at = 0; at < sealed.length; at += 97) {
      const flipped = Uint8Array.from(sealed)
      flipped[at]! ^= 1 << (at % 8)
      expect(codeOf(await there.invoke(EU, { ...event, state: inlineRef(flipped) }))).toMatch(/^(STATE|EPOCH|ENGINE)_/)
    }
    expect(await there.invoke(EU, event)).toMatchObject(completed('landed'))
  })

  test('is refused if it is truncated or extended', async () => {
    const { there, event, sealed } = await onItsWay()
    for (const length of [0, 1, 7, 400, sealed.length - 1])
      expect(codeOf(await there.invoke(EU, { ...event, state: inlineRef(sealed.subarray(0, length)) }))).toMatch(
        /^STATE_/,
      )
    expect(codeOf(await there.invoke(EU, { ...event, state: inlineRef(Buffer.concat([sealed, sealed])) }))).toBe(
      'STATE_INVALID',
    )
  })

  test('of another mission, or of another agent, is refused', async () => {
    const { there, event } = await onItsWay()
    for (const body of [`await hop('${EU}'); return 'landed'`, `await hop('${EU}'); return 'other'`]) {
      const { base } = there.mission(body)
      expect(codeOf(await there.invoke(EU, { ...event, ...base }))).toBe('STATE_MISMATCH')
    }
  })

  test('of another fleet, of another secret, or of another engine, is refused', async () => {
    const { base, event } = await onItsWay()
    const otherFleet = world({ fleet: 'other' })
    expect(codeOf(await otherFleet.invoke(EU, { ...event, ...otherFleet.mission('return 1').base }))).toBe(
      'STATE_MISMATCH',
    )
    const otherSecret = world({ secret: createFleetSecret() })
    expect(codeOf(await otherSecret.invoke(EU, { ...event, ...base }))).toBe('STATE_INVALID')
    const otherEngine = world({ engine: 'A'.repeat(43) })
    expect(codeOf(await otherEngine.invoke(EU, event))).toBe('ENGINE_MISMATCH')
  })

  test('is refused when its order has expired', async () => {
    const { there, event } = await onItsWay(world(), undefined, { lifetimeMs: 60_000 })
    there.clock.now += 60_000
    expect(codeOf(await there.invoke(EU, event))).toBe('EXPIRED')
  })

  test('is refused when it is larger than the mission’s limit', async () => {
    const { base } = world().mission(`const text = 'x'.repeat(300_000); await hop('${EU}'); return text.length`, {
      limits: { stateBytes: 200_000 },
    })
    expect(await world().invoke(US, base)).toMatchObject({
      landingResult: { outcome: { kind: 'stopped', limit: 'stateBytes' } },
    })
  })

  test('needs a state that exists', async () => {
    const { there, base, event } = await onItsWay()
    expect(codeOf(await there.invoke(EU, { ...base, entry: 'resume' }))).toBe('REQUEST_MALFORMED')
    expect(codeOf(await there.invoke(EU, { ...event, state: { sha256: 'A'.repeat(43) } }))).toBe('STATE_NOT_FOUND')
    expect(codeOf(await there.invoke(EU, { ...event, state: { inline: 'no state!' } }))).toBe('REQUEST_MALFORMED')
  })
})

describe('copies and their answers', () => {
  const BODY = `return Promise.all(['${EU}', '${AP}'].map((region) => at(region, () => 'from ' + here.region)))`

  /** Two copies that have answered, and the agent that waits for them. */
  async function answered(body = BODY) {
    const there = world()
    const { base } = there.mission(body)
    const left = departureOf(await there.invoke(US, base))
    if (!('copies' in left)) throw new Error('no copies')
    const resume = (state: unknown) => ({ ...base, entry: 'resume', state })
    const answers = await Promise.all(
      left.copies.map(async (copy) => {
        const departure = departureOf(await there.invoke(copy.to, resume(copy.ref)))
        if (!('answer' in departure)) throw new Error('no answer')
        return departure.answer.ref
      }),
    )
    const land = (changed: readonly unknown[]) => there.invoke(US, { ...resume(left.agent.ref), answers: changed })
    return { there, left, answers, land, base }
  }

  test('return to the agent', async () => {
    const { answers, land } = await answered()
    expect(await land(answers)).toMatchObject(completed([`from ${EU}`, `from ${AP}`]))
  })

  test('can not be swapped or forged, and an agent’s state is no answer', async () => {
    const { answers, land, left } = await answered()
    expect(codeOf(await land(answers.toReversed()))).toBe('STATE_MISMATCH')
    expect(codeOf(await land([answers[0], answers[0]]))).toBe('STATE_MISMATCH')
    const forged = Uint8Array.from(bytesOf(answers[1]!))
    forged[forged.length - 40]! ^= 1
    expect(codeOf(await land([answers[0], inlineRef(forged)]))).toBe('STATE_INVALID')
    expect(codeOf(await land([answers[0], left.agent.ref]))).toBe('STATE_MISMATCH')
    expect(await land(answers)).toMatchObject(completed([`from ${EU}`, `from ${AP}`]))
  })

  test('an answer does not land as an agent', async () => {
    const { there, answers, base } = await answered()
    expect(codeOf(await there.invoke(US, { ...base, entry: 'resume', state: answers[0] }))).toBe('STATE_MISMATCH')
  })

  test('that are lost fail only the call of their agent', async () => {
    const body = BODY.replace('Promise.all(', 'Promise.allSettled(').replace(
      /$/,
      '.then((all) => all.map((one) => one.value ?? one.reason.code))',
    )
    const { answers, land } = await answered(body)
    expect(await land([{ lost: 'unreachable' }, answers[1]])).toMatchObject(
      completed(['PLACE_UNREACHABLE', `from ${AP}`]),
    )
    const again = await answered(body)
    expect(await again.land([])).toMatchObject(completed(['PLACE_UNREACHABLE', 'PLACE_UNREACHABLE']))
  })

  test('land once each', async () => {
    const there = world()
    const { base } = there.mission(BODY)
    const left = departureOf(await there.invoke(US, base))
    const copy = 'copies' in left ? left.copies[0]! : undefined
    const event = { ...base, entry: 'resume', state: copy!.ref }
    expect(departureOf(await there.invoke(EU, event))).toHaveProperty('answer')
    expect(codeOf(await there.invoke(EU, event))).toBe('REPLAYED')
  })

  test('travel in a reply that Lambda can buffer, however many they are', async () => {
    const there = world()
    const { base } = there.mission(
      `const noise = Array.from({ length: 20_000 }, () => Math.random()); await Promise.all(Array.from({ length: 60 }, () => at('${EU}', () => noise[7])))`,
    )
    const reply = await there.invoke(US, base)
    const left = departureOf(reply)
    if (!('copies' in left)) throw new Error('no copies')
    expect(left.copies).toHaveLength(60)
    expect(left.copies[0]!.bytes).toBeGreaterThan(100_000)
    expect(there.wire[0]!.length).toBeLessThan(6 * 1024 * 1024)
    const resumed = { ...base, entry: 'resume', state: left.copies[59]!.ref }
    expect(codeOf(await there.invoke(EU, resumed))).toBe('STATE_NOT_FOUND')
    const { sha256 } = left.copies[59]!.ref as { sha256: string }
    await there.buckets[EU]!.put(`states/${sha256}`, (await there.buckets[US]!.get(`states/${sha256}`, 1e7))!)
    expect(departureOf(await there.invoke(EU, resumed))).toHaveProperty('answer')
  })

  test('count their reads and hops for the mission', async () => {
    const there = world()
    for (const region of [EU, AP]) there.data[region]!.put('logs-eu', 'a', 'x'.repeat(100))
    const read = `async () => { for await (const line of here.lines()); }`
    const { base } = there.mission(
      `await Promise.all([at('${EU}', ${read}), at('${AP}', ${read})]); for await (const line of here.lines()); return 'done'`,
      { limits: { readBytes: 150, hops: 2 } },
    )
    there.data[US]!.put('logs-eu', 'a', 'x')
    const left = departureOf(await there.invoke(US, base))
    if (!('copies' in left)) throw new Error('no copies')
    const answers = []
    for (const { to, ref } of left.copies) {
      const departure = departureOf(await there.invoke(to, { ...base, entry: 'resume', state: ref }))
      answers.push('answer' in departure && departure.answer.ref)
    }
    expect(await there.invoke(US, { ...base, entry: 'resume', state: left.agent.ref, answers })).toMatchObject({
      landingResult: { outcome: { kind: 'stopped', limit: 'readBytes' } },
    })
  })
})

describe('what leaves a region', () => {
  const MARKER = 'a-secret-that-was-read'

  test('contains no cleartext that the agent read, neither in its state nor in a copy’s answer', async () => {
    const there = world()
    there.data[US]!.put('logs-eu', 'secret', `${MARKER}\n`.repeat(50))
    const read = `const all = []; for await (const line of here.lines('secret')) all.push(line);`
    const { base } = there.mission(
      `${read} const own = await at('${US}', () => all[0]); await hop('${EU}'); return own.length`,
    )
    const left = departureOf(await there.invoke(US, base))
    if (!('copies' in left)) throw new Error('no copies')
    const resume = (state: unknown) => ({ ...base, entry: 'resume', state })
    const answer = departureOf(await there.invoke(US, resume(left.copies[0]!.ref)))
    const state = { ...resume(left.agent.ref), answers: ['answer' in answer && answer.answer.ref] }
    const gone = agentOf(await there.invoke(US, state))
    expect(await there.invoke(EU, resume(gone.ref))).toMatchObject(completed(MARKER.length))
    const leaked = there.wire.join('\n')
    for (const form of [
      MARKER,
      Buffer.from(MARKER).toString('base64').slice(0, 26),
      Buffer.from(MARKER).toString('hex'),
    ])
      expect(leaked).not.toContain(form)
    const stateRefs = leaked.match(/"inline":"[\w-]+"/g) ?? []
    expect(stateRefs.length).toBeGreaterThanOrEqual(4)
    for (const sealed of stateRefs) expect(Buffer.from(sealed.slice(10, -1), 'base64url').includes(MARKER)).toBe(false)
  })

  test('contains little of what the agent has dropped', async () => {
    const there = world()
    there.data[US]!.put('logs-eu', 'rows', Array.from({ length: 20_000 }, (_, i) => `row ${i} ${MARKER}`).join('\n'))
    const body = `let count = 0; for await (const line of here.lines('rows')) count += line.length; await hop('${EU}'); return count`
    const { sealedState } = await onItsWay(there, body)
    expect(sealedState.bytes).toBeLessThan(40_000)
  })
})
