/** Places that die during a landing, and places that were only presumed dead. */
import { describe, expect, test } from 'vitest'
import type { LandingReply } from '../../lib/host/landing-result.ts'
import { type AgentBucket, cancelledKey } from '../../lib/objects/agent-bucket.ts'
import { receiptDigest } from '../../lib/trust/receipt.ts'
import { agentOf, codeOf, createWorld, EU, US, type World } from '../support/fleet-of-hosts.ts'
import { useSandbox } from '../support/sandbox.ts'

const sandbox = useSandbox()
const world = (changes: object = {}): World =>
  createWorld({ sandbox: sandbox.sandbox(), assets: sandbox.assets, ...changes })

const completed = (value: unknown) => ({ landingResult: { outcome: { kind: 'completed', value } } })
const again = (number: number, after: 'death' | 'silence' = 'death') => ({ attempt: { number, after } })

/** Buckets whose writes wait between `stop` and `go`, as in a function that Lambda has suspended. */
function stoppable() {
  let gate: Promise<void> | undefined
  let open = () => {}
  let stopped = () => {}
  const agentsOf = (_: string, bucket: AgentBucket): AgentBucket => ({
    ...bucket,
    async putIfAbsent(key, bytes) {
      if (match?.test(key)) {
        match = undefined
        stopped()
        await gate
      }
      return bucket.putIfAbsent(key, bytes)
    },
  })
  let match: RegExp | undefined
  return {
    agentsOf,
    /** Stops the next write to a matching key. Resolves when a write is waiting. */
    stopAt(pattern: RegExp): Promise<void> {
      match = pattern
      gate = new Promise((resolve) => {
        open = resolve
      })
      return new Promise((resolve) => {
        stopped = resolve
      })
    },
    go: () => open(),
  }
}

describe('an attempt that replaces a dead one', () => {
  test('resumes from the state that the agent came in', async () => {
    const stop = stoppable()
    const there = world({ agentsOf: stop.agentsOf })
    const { base } = there.mission(`let n = 41; await hop('${EU}'); return ++n`)
    const { ref } = agentOf(await there.invoke(US, base))
    const event = { ...base, entry: 'resume' as const, state: ref }
    const nextLanding = stop.stopAt(/\/1\/1$/)
    const dead = there.invoke(EU, event)
    await nextLanding
    expect(await there.invoke(EU, { ...event, ...again(2) })).toMatchObject(completed(42))
    stop.go()
    expect(codeOf(await dead)).toBe('SUPERSEDED')
  })

  test('of a landing that had ended gets its result, and nothing runs', async () => {
    const there = world()
    const { base } = there.mission(`return Math.random()`)
    const first = await there.invoke(US, base)
    expect(await there.invoke(US, { ...base, ...again(2) })).toEqual(first)
    expect(await there.invoke(US, { ...base, ...again(2, 'silence') })).toEqual(first)
    expect(codeOf(await there.invoke(US, base))).toBe('REPLAYED')
  })

  test('and one that was presumed dead do not both depart', async () => {
    const stop = stoppable()
    const there = world({ agentsOf: stop.agentsOf })
    const { base } = there.mission(`await hop('${EU}'); return here.region`)
    const nextLanding = stop.stopAt(/\/0\/1$/)
    const slow = there.invoke(US, base)
    await nextLanding
    const { ref } = agentOf(await there.invoke(US, { ...base, ...again(2) }))
    stop.go()
    expect(codeOf(await slow)).toBe('SUPERSEDED')
    expect(await there.invoke(EU, { ...base, entry: 'resume', state: ref })).toMatchObject(completed(EU))
    expect(codeOf(await there.invoke(EU, { ...base, entry: 'resume', state: ref }))).toBe('REPLAYED')
  })

  test('waits for one that may be alive', async () => {
    const stop = stoppable()
    const there = world({ agentsOf: stop.agentsOf })
    const { base } = there.mission(`return 'slow'`)
    const nextLanding = stop.stopAt(/\/0\/1$/)
    const slow = there.invoke(US, base)
    await nextLanding
    expect(codeOf(await there.invoke(US, { ...base, ...again(2, 'silence') }))).toBe('LANDING_BUSY')
    stop.go()
    expect(await slow).toMatchObject(completed('slow'))
    expect(await there.invoke(US, { ...base, ...again(2, 'silence') })).toMatchObject(completed('slow'))
  })

  test('is made only once for each number', async () => {
    const there = world()
    const { base } = there.mission('return 1')
    const answers = await Promise.all([2, 2, 2].map((number) => there.invoke(US, { ...base, ...again(number) })))
    expect(answers.filter((reply) => codeOf(reply) === 'REPLAYED')).toHaveLength(2)
    for (const number of [0, 17, 1.5])
      expect(codeOf(await there.invoke(US, { ...base, ...again(number) }))).toBe('REQUEST_MALFORMED')
  })

  test('refuses a record that was forged or swapped', async () => {
    const there = world()
    const { base, mission } = there.mission(`await hop('${EU}'); await hop('${US}'); return 1`)
    const first = await there.invoke(US, base)
    const bucket = there.buckets[US]!
    const key = (sequence: number) => `missions/${mission}/landings/${US}/${sequence}/1`
    const record = (await bucket.get(key(0), 1e6))!
    const second = await there.invoke(EU, { ...base, entry: 'resume', state: agentOf(first).ref })
    const event = { ...base, entry: 'resume', state: agentOf(second).ref, ...again(2) }
    await bucket.put(key(2), record)
    await bucket.put(`missions/${mission}/landings/${US}/2/0`, record)
    expect(codeOf(await there.invoke(US, event))).toBe('STATE_MISMATCH')
    const forged = JSON.parse(Buffer.from(record).toString())
    forged.record.inline = `${forged.record.inline.slice(0, -40)}${'A'.repeat(40)}`
    await bucket.put(key(0), Buffer.from(JSON.stringify(forged)))
    expect(codeOf(await there.invoke(US, { ...base, ...again(2) }))).toBe('STATE_INVALID')
  })
})

describe('a checkpoint', () => {
  const COUNT = `let n = 0; for (; n < 3; n++) { log('step ' + n); await checkpoint() } return n`

  test('is a separate landing in the same session', async () => {
    const { landingResult, earlier } = (await world().invoke(US, world().mission(COUNT).base)) as Extract<
      LandingReply,
      { landingResult: object }
    >
    expect(landingResult.outcome).toEqual({ kind: 'completed', value: 3 })
    expect(earlier!.map(({ outcome, logs }) => [outcome, logs])).toMatchObject(
      [0, 1, 2].map((n) => [{ kind: 'departed', agent: { to: US, sequence: n + 1, goesOn: true } }, [`step ${n}`]]),
    )
    expect(landingResult.logs).toEqual([])
  })

  test('has its own receipt with its own reads', async () => {
    const there = world()
    for (const key of ['a', 'b']) there.data[US]!.put('logs-eu', key, 'x'.repeat(100))
    const body = `for await (const object of here.objects()) { await object.text(); await checkpoint() } return 'done'`
    const reply = (await there.invoke(US, there.mission(body).base)) as Extract<LandingReply, { landingResult: object }>
    const all = [...reply.earlier!, reply.landingResult]
    expect(all.map(({ reads }) => reads.map(({ key, bytesRead }) => [key, bytesRead]))).toEqual([
      [['a', 100]],
      [['b', 100]],
      [],
    ])
    expect(all.map(({ usage }) => usage.bytesRead)).toEqual([100, 100, 0])
    const digests = all.map(({ receipt }) => receiptDigest(receipt!))
    const payloads = all.map(({ receipt }) => JSON.parse(Buffer.from(receipt!.payload, 'base64').toString()))
    expect(payloads.map(({ previous, sequence }) => [previous, sequence])).toEqual([
      [null, 0],
      [digests[0], 1],
      [digests[1], 2],
    ])
  })

  test('is where an agent resumes when its place dies, and nothing before it is repeated', async () => {
    const stop = stoppable()
    const there = world({ agentsOf: stop.agentsOf })
    there.data[US]!.put('logs-eu', 'a', 'one\ntwo\nthree\nfour\n')
    const body = `
      const seen = [], lines = here.lines()[Symbol.asyncIterator]()
      const wake = sleep(5)
      for (let i = 0; i < 4; i++) { seen.push((await lines.next()).value); log(seen.at(-1)); if (i === 1) await checkpoint() }
      await wake
      return seen`
    const { base } = there.mission(body)
    const nextLanding = stop.stopAt(/\/1\/1$/)
    const dead = there.invoke(US, base)
    await nextLanding
    const reply = (await there.invoke(US, { ...base, ...again(2) })) as Extract<LandingReply, { landingResult: object }>
    expect(reply).toMatchObject(completed(['one', 'two', 'three', 'four']))
    expect([...reply.earlier!, reply.landingResult].map(({ logs }) => logs)).toEqual([
      ['one', 'two'],
      ['three', 'four'],
    ])
    stop.go()
    expect(codeOf(await dead)).toBe('SUPERSEDED')
  })

  test('by an attempt that was presumed dead is refused, and ends it', async () => {
    const stop = stoppable()
    const there = world({ agentsOf: stop.agentsOf })
    const { base } = there.mission(COUNT)
    const nextLanding = stop.stopAt(/\/0\/1$/)
    const slow = there.invoke(US, base)
    await nextLanding
    expect(await there.invoke(US, { ...base, ...again(2) })).toMatchObject(completed(3))
    stop.go()
    expect(codeOf(await slow)).toBe('SUPERSEDED')
  })

  test('survives one death after the other', async () => {
    const stop = stoppable()
    const there = world({ agentsOf: stop.agentsOf })
    const { base } = there.mission(COUNT)
    for (const [number, key] of [
      [1, /\/1\/1$/],
      [2, /\/2\/1$/],
      [3, /\/3\/1$/],
    ] as const) {
      const nextLanding = stop.stopAt(key)
      void there.invoke(US, { ...base, ...(number > 1 && again(number)) })
      await nextLanding
    }
    const reply = (await there.invoke(US, { ...base, ...again(4) })) as Extract<LandingReply, { landingResult: object }>
    expect(reply).toMatchObject(completed(3))
    expect(reply.earlier!.flatMap(({ logs }) => logs)).toEqual(['step 0', 'step 1', 'step 2'])
  })

  test('counts towards the limits, whatever died', async () => {
    const stop = stoppable()
    const there = world({ agentsOf: stop.agentsOf })
    const body = `for (let n = 0; n < 4; n++) { log('x'.repeat(99)); await checkpoint() } return 'no limit'`
    const { base } = there.mission(body, { limits: { logBytes: 350 } })
    const nextLanding = stop.stopAt(/\/2\/1$/)
    void there.invoke(US, base)
    await nextLanding
    expect(await there.invoke(US, { ...base, ...again(2) })).toMatchObject({
      landingResult: { outcome: { kind: 'stopped', limit: 'logBytes' } },
    })
  })

  test('of several at once comes one after the other, and waits for no read', async () => {
    const there = world()
    there.data[US]!.put('logs-eu', 'a', 'line\n'.repeat(1000))
    const body = `
      const reading = (async () => { let n = 0; for await (const line of here.lines()) n++; return n })()
      await Promise.all([checkpoint(), checkpoint(), checkpoint()])
      return reading`
    const reply = (await there.invoke(US, there.mission(body).base)) as Extract<LandingReply, { landingResult: object }>
    expect(reply).toMatchObject(completed(1000))
    expect(reply.earlier).toHaveLength(3)
  })

  test('before a hop, at the same time, comes first', async () => {
    const there = world()
    const { base } = there.mission(`const kept = checkpoint(); await hop('${EU}'); await kept; return here.region`)
    const reply = await there.invoke(US, base)
    expect('earlier' in reply && reply.earlier).toHaveLength(1)
    expect(agentOf(reply)).toMatchObject({ to: EU, sequence: 2 })
    expect(await there.invoke(EU, { ...base, entry: 'resume', state: agentOf(reply).ref })).toMatchObject(completed(EU))
  })

  test('above the limit of the state stops the agent', async () => {
    const { base } = world().mission(`const text = 'x'.repeat(300_000); await checkpoint(); return text.length`, {
      limits: { stateBytes: 200_000 },
    })
    expect(await world().invoke(US, base)).toMatchObject({
      landingResult: { outcome: { kind: 'stopped', limit: 'stateBytes' } },
    })
  })

  test('that was tampered with is refused', async () => {
    const stop = stoppable()
    const there = world({ agentsOf: stop.agentsOf })
    const body = `const noise = Array.from({ length: 60_000 }, () => Math.random()); await checkpoint(); return noise.length`
    const { base, mission } = there.mission(body)
    const nextLanding = stop.stopAt(/\/1\/1$/)
    void there.invoke(US, base)
    await nextLanding
    const bucket = there.buckets[US]!
    const key = `missions/${mission}/landings/${US}/0/1`
    const register = JSON.parse(Buffer.from((await bucket.get(key, 1e6))!).toString())
    expect(register.kind).toBe('ended')
    const stateRef = Buffer.from(
      (await bucket.get(`states/${register.record.sha256}`, 1e8)) ?? register.record.inline,
      'base64url',
    ) // prettier-ignore
    stateRef[stateRef.length - 100]! ^= 1
    await bucket.put(
      key,
      Buffer.from(JSON.stringify({ ...register, record: { inline: stateRef.toString('base64url') } })),
    )
    expect(codeOf(await there.invoke(US, { ...base, ...again(2) }))).toBe('STATE_INVALID')
  })
})

test('what the ledger keeps shows nothing of what the agent read, logged or returned', async () => {
  const there = world()
  const marker = 'a-secret-that-was-read'
  there.data[US]!.put('logs-eu', 'a', `${marker}\n`.repeat(20))
  const body = `const all = []; for await (const line of here.lines()) all.push(line); await checkpoint(); log(all[0]); return all`
  const { base, mission } = there.mission(body)
  expect(await there.invoke(US, base)).toMatchObject(completed(Array(20).fill(marker)))
  const keys = (await there.buckets[US]!.list('')).filter((key) => !key.startsWith('agents/'))
  expect(keys.filter((key) => key.startsWith(`missions/${mission}/landings/${US}/`))).toHaveLength(4)
  for (const key of keys) {
    const text = Buffer.from((await there.buckets[US]!.get(key, 1e8))!).toString('latin1')
    for (const form of [
      marker,
      Buffer.from(marker).toString('base64').slice(0, 24),
      Buffer.from(marker).toString('hex'),
    ])
      expect(text, key).not.toContain(form)
  }
})

describe('a cancelled mission', () => {
  const cancel = async (there: World, mission: string) => {
    for (const bucket of Object.values(there.buckets)) await bucket.put(cancelledKey(mission), new Uint8Array())
  }

  test('lands nowhere, neither at its start nor after a hop', async () => {
    const there = world()
    const { base, mission } = there.mission(`await hop('${EU}'); return 1`)
    const { ref } = agentOf(await there.invoke(US, base))
    await cancel(there, mission)
    for (const event of [base, { ...base, ...again(2) }])
      expect(codeOf(await there.invoke(US, event))).toBe('CANCELLED')
    expect(codeOf(await there.invoke(EU, { ...base, entry: 'resume', state: ref }))).toBe('CANCELLED')
  })

  test('ends at its next checkpoint', async () => {
    const stop = stoppable()
    const there = world({ agentsOf: stop.agentsOf })
    const { base, mission } = there.mission(`log('before'); await checkpoint(); return 1`)
    const nextLanding = stop.stopAt(/\/0\/1$/)
    const running = there.invoke(US, base)
    await nextLanding
    await cancel(there, mission)
    stop.go()
    expect(codeOf(await running)).toBe('CANCELLED')
  })
})
