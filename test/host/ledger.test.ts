import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RefusedError } from '../../lib/errors.ts'
import { type Attempt, claimLanding, endLanding, readRegister } from '../../lib/host/ledger.ts'
import { type AgentBucket, cancelledKey, createMemoryAgentBucket } from '../../lib/objects/agent-bucket.ts'

const LANDING = { mission: 'm', branch: 'eu-west-1', sequence: 3 }
const NOW = 1_000_000
const RECORD = { inline: 'AAAA' }

const attempt = (number: number, changes: Partial<Attempt> = {}): Attempt => {
  return { number, token: `token ${number}`, until: NOW + 60_000, afterDeath: number > 1, ...changes }
}
const place = (agents: AgentBucket = createMemoryAgentBucket(), now = NOW) => ({ agents, now: () => now })
const take = (number: number, at = place(), changes = {}) => claimLanding(LANDING, attempt(number, changes), at)
const end = (number: number, { agents } = place(), changes = {}) =>
  endLanding(LANDING, attempt(number, changes), RECORD, agents)

const refusal = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: RefusedError) => error.code,
  )

describe('a landing', () => {
  test('is taken once by each attempt, and by its own writes again', async () => {
    const at = place()
    expect(await take(1, at)).toBeUndefined()
    expect(await refusal(take(1, at, { token: 'another' }))).toBe('REPLAYED')
    expect(await take(2, at)).toBeUndefined()
    expect(await refusal(take(2, at, { token: 'another' }))).toBe('REPLAYED')
    expect(await take(2, at)).toBeUndefined()
  })

  test('that has ended is told to whoever tries it again, and stays ended', async () => {
    const at = place()
    await take(1, at)
    await end(1, at)
    await end(1, at)
    for (const number of [2, 3, 16]) expect(await take(number, at)).toMatchObject({ record: RECORD })
    expect(await refusal(take(1, at, { token: 'another' }))).toBe('REPLAYED')
  })

  test('can not be ended by an attempt that was presumed dead', async () => {
    const at = place()
    await take(1, at)
    await take(2, at)
    expect(await refusal(end(1, at))).toBe('SUPERSEDED')
    await end(2, at)
    expect(await take(3, at)).toMatchObject({ record: RECORD })
  })

  test('whose first attempt arrives after the second one has nothing left for it', async () => {
    const at = place()
    await take(2, at)
    expect(await refusal(take(1, at))).toBe('REPLAYED')
    expect(await refusal(end(1, at))).toBe('SUPERSEDED')
  })

  test('stays with a silent attempt until its function is over', async () => {
    const agents = createMemoryAgentBucket()
    await take(1, place(agents))
    const silent = { afterDeath: false }
    expect(await refusal(take(2, place(agents), silent))).toBe('LANDING_BUSY')
    expect(await refusal(take(3, place(agents, NOW + 59_999), silent))).toBe('LANDING_BUSY')
    expect(await readRegister(LANDING, 1, agents)).toBeUndefined()
    expect(await take(2, place(agents, NOW + 60_000), silent)).toBeUndefined()
  })

  test('of a silent attempt that has ended is told at once', async () => {
    const at = place()
    await take(1, at)
    await end(1, at)
    expect(await take(2, at, { afterDeath: false })).toMatchObject({ record: RECORD })
  })

  test('of a cancelled mission is made no more', async () => {
    const at = place()
    await at.agents.put(cancelledKey('m'), new Uint8Array())
    expect(await refusal(take(1, at))).toBe('CANCELLED')
  })

  test('is kept apart from that of another branch, number and mission', async () => {
    const at = place()
    await take(1, at)
    for (const other of [{ branch: 'eu-west-1/3.0' }, { sequence: 4 }, { mission: 'n' }])
      expect(await claimLanding({ ...LANDING, ...other }, attempt(1), at)).toBeUndefined()
  })

  test('with a corrupt register is not made', async () => {
    const at = place()
    await at.agents.put('missions/m/landings/eu-west-1/3/0', Buffer.from('{"kind":"ended"'))
    expect(await refusal(take(1, at))).toBe('REPLAYED')
  })
})

/** A bucket whose calls wait until the test releases them, in any order. */
function interleaved(bucket: AgentBucket, pick: (waiting: number) => number) {
  const waiting: (() => void)[] = []
  const turn = () => new Promise<void>((resolve) => waiting.push(resolve))
  const step = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    waiting.splice(pick(waiting.length), 1)[0]?.()
    return waiting.length
  }
  const agents: AgentBucket = {
    get: async (key, max) => turn().then(() => bucket.get(key, max)),
    put: async (key, bytes) => turn().then(() => bucket.put(key, bytes)),
    putIfAbsent: async (key, bytes) => turn().then(() => bucket.putIfAbsent(key, bytes)),
  }
  return { agents, step, idle: () => waiting.length === 0 }
}

test('ends at most once, however attempts race, retry, and wrongly presume each other dead', async () => {
  const contender = fc.record({ number: fc.integer({ min: 1, max: 4 }), afterDeath: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      fc.array(contender, { minLength: 2, maxLength: 6 }),
      fc.infiniteStream(fc.nat({ max: 1000 })),
      async (contenders, choices) => {
        const race = interleaved(createMemoryAgentBucket(), (waiting) => choices.next().value % Math.max(1, waiting))
        let running = contenders.length
        const ended = contenders.map(async (changes, index) => {
          const mine = attempt(changes.number, { ...changes, token: `contender ${index}` })
          try {
            if ((await claimLanding(LANDING, mine, place(race.agents))) !== undefined) return false
            await endLanding(LANDING, mine, RECORD, race.agents)
            return true
          } catch (error) {
            if (error instanceof RefusedError) return false
            throw error
          } finally {
            running--
          }
        })
        while (running > 0) await race.step()
        expect((await Promise.all(ended)).filter(Boolean).length).toBeLessThanOrEqual(1)
      },
    ),
    { numRuns: 100 },
  )
})
