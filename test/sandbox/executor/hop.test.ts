import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, NOTHING_SPENT } from '../../../lib/limits.ts'
import { agentSource, jobOf } from '../../support/jobs.ts'
import { useSandbox } from '../../support/sandbox.ts'
import { REGIONS } from '../../support/travels.ts'

const sandbox = useSandbox()
const [US, EU, AP] = REGIONS as [string, string, string]

/** The result of a completed agent. */
async function resultOf(...[body, options]: Parameters<typeof sandbox.travel>): Promise<unknown> {
  const { outcome } = await sandbox.travel(body, options)
  expect(outcome).toMatchObject({ kind: 'completed' })
  return (outcome as { value: unknown }).value
}

const failed = (code: string, message = '') => ({
  kind: 'failed',
  error: { code, message: expect.stringContaining(message) },
})

describe('an agent that hops', () => {
  test('is in the other place afterwards', async () => {
    const { outcome, landings } = await sandbox.travel(`
      const route = [here.region]
      for (const region of ['${EU}', '${AP}', '${US}']) { await hop(region); route.push(here.region) }
      return route`)
    expect(outcome).toEqual({ kind: 'completed', value: [US, EU, AP, US] })
    expect(landings.map(({ region }) => region)).toEqual([US, EU, AP, US])
  })

  test('keeps closures, generators, classes with private fields, maps, and pending promises', async () => {
    const body = `
      class Statistic {
        #count = 0
        #sum = 0
        add(value) { this.#count++; this.#sum += value }
        get mean() { return this.#sum / this.#count }
      }
      function* squares() { for (let n = 1; ; n++) yield n * n }
      const [statistic, generator, seen] = [new Statistic(), squares(), new Map([['start', here.region]])]
      let resolveLater
      const later = new Promise((resolve) => { resolveLater = resolve }).then((value) => value * 2)
      const symbol = Symbol('own'), weak = new WeakMap([[seen, 'weak']])
      const typed = new Float64Array([0.5, -0])
      for (const region of here.regions.slice(1)) {
        statistic.add(generator.next().value)
        seen.set(region, { [symbol]: generator.next().value })
        await hop(region)
        typed[0] += 1
      }
      resolveLater(21)
      return [statistic.mean, generator.next().value, [...seen.keys()], seen.get('${AP}')[symbol], await later,
        weak.get(seen), typed[0], Object.is(typed[1], -0), 10n ** 30n === BigInt('1' + '0'.repeat(30)), Number.isNaN(NaN)]`
    expect(await resultOf(body)).toEqual([5, 25, ['start', EU, AP], 16, 42, 'weak', 2.5, true, true, true])
  })

  test('reads the objects of its new place', async () => {
    const dataOf = (region: string) => ({ objects: { 'name.txt': `data of ${region}\n` } })
    const body = `const found = []
      for (const region of here.regions) { await hop(region); for await (const line of here.lines()) found.push(line) }
      return found`
    expect(await resultOf(body, { dataOf })).toEqual(REGIONS.map((region) => `data of ${region}`))
  })

  test('keeps its timers', async () => {
    const body = `
      let rang = ''
      const bell = sleep(1500).then(() => { rang += here.region })
      const echo = new Promise((done) => setTimeout(() => done(rang += '!'), 1510))
      await hop('${EU}')
      const before = rang
      await bell; await echo
      return [before, rang]`
    expect(await resultOf(body)).toEqual(['', `${EU}!`])
  })

  test('has a clock that never goes backwards, and continues its random numbers', async () => {
    const body = `const [time, one] = [Date.now(), Math.random()]; await sleep(30); await hop('${EU}')
      return [Date.now() >= time + 30, Math.random() !== one]`
    expect(await resultOf(body)).toEqual([true, true])
  })

  test('does not run the top level of its module again', async () => {
    const main = `import { agent, hop, log } from 'lander/agent'
      log('loaded'); let runs = 0; runs++
      export default agent(async () => { await hop('${EU}'); runs++; return runs })`
    const { outcome, landings } = await sandbox.travelModule(main)
    expect(outcome).toEqual({ kind: 'completed', value: 2 })
    expect(landings.flatMap(({ result }) => result.logs)).toEqual(['loaded'])
  })

  test('does nothing for a hop to its own place', async () => {
    const { outcome, landings } = await sandbox.travel(`await hop('${US}'); return 1`)
    expect([outcome, landings.length]).toEqual([{ kind: 'completed', value: 1 }, 1])
  })

  test('departs only after its pending reads', async () => {
    const body = `
      const counting = (async () => { let n = 0; for await (const line of here.lines()) n++; return [n, here.region] })()
      const hopping = hop('${EU}').then(() => here.region)
      return [await counting, await hopping]`
    expect(await resultOf(body, { objects: { a: 'x\n'.repeat(10), b: 'y\n' } })).toEqual([[11, US], EU])
  })
})

describe('what is open when an agent hops', () => {
  const objects = { 'a.log': 'line\n'.repeat(200_000) }

  test('stays behind, and a read reports it', async () => {
    const body = `
      const lines = here.lines()[Symbol.asyncIterator]()
      await lines.next()
      await hop('${EU}')
      let count = 1
      try { while (!(await lines.next()).done) count++ } catch (error) { return [error.name, error.code, error.message, count > 1] }`
    expect(await resultOf(body, { objects })).toEqual([
      'ObjectError',
      'OBJECT_LEFT_BEHIND',
      expect.stringContaining(`read in ${US}`),
      true,
    ])
  })

  test('stays left behind after another hop', async () => {
    const body = `
      const lines = here.lines().batches()
      await lines.next()
      await hop('${EU}'); await hop('${AP}')
      return lines.next().catch((error) => error.code)`
    expect(await resultOf(body, { objects })).toBe('OBJECT_LEFT_BEHIND')
  })
})

describe('two moves at once', () => {
  test.each([
    ['a hop during a hop', `hop('${EU}')`, `hop('${AP}')`],
    ['a hop while copies are on their way', `at('${EU}', () => 1)`, `hop('${AP}')`],
    ['a copy while the agent hops', `hop('${EU}')`, `at('${AP}', () => 1)`],
  ])('%s fails with a clear error, and the first goes on', async (_, first, second) => {
    const body = `const [one, two] = await Promise.allSettled([${first}, ${second}]); return [one.status, two.reason.name, two.reason.code]`
    expect(await resultOf(body)).toEqual(['fulfilled', 'PlaceError', 'HOP_IN_PROGRESS'])
  })
})

describe('where an agent may not go', () => {
  test.each([
    ['a region outside of its mission', "hop('sa-1')", '"sa-1"'],
    ['client', "hop('client')", 'client'],
    ['nowhere', 'hop()', 'undefined'],
    ['a copy outside of its mission', "at('sa-1', () => 1)", '"sa-1"'],
  ])('%s', async (_, move, message) => {
    const { outcome, landings } = await sandbox.travel(`await ${move}`)
    expect(outcome).toMatchObject(failed('PLACE_UNKNOWN', message))
    expect(landings).toHaveLength(1)
  })

  test('it can list the places it may go to', async () => {
    expect(await resultOf('return places()')).toEqual(REGIONS.map((region) => ({ region })))
  })
})

describe('the limits of a mission', () => {
  test('hops are counted over all landings', async () => {
    const body = `for (let i = 0; i < 5; i++) { await hop('${EU}'); await hop('${US}') }`
    const { outcome, landings } = await sandbox.travel(body, { limits: { hops: 3 } })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'hops' })
    expect(landings).toHaveLength(4)
  })

  test('a mission without hops may not move', async () => {
    for (const move of [`hop('${EU}')`, `at('${EU}', () => 1)`]) {
      const { outcome } = await sandbox.travel(`await ${move}`, { limits: { hops: 0 } })
      expect(outcome).toMatchObject({ kind: 'stopped', limit: 'hops' })
    }
  })

  test('the size of the state is bounded', async () => {
    const body = `const big = Array.from({ length: 50000 }, (_, i) => ({ i })); await hop('${EU}'); return big.length`
    expect((await sandbox.travel(body, { limits: { stateBytes: 500_000 } })).outcome).toMatchObject({
      kind: 'stopped',
      limit: 'stateBytes',
    })
  })

  test('reads are counted over all landings', async () => {
    const body = `for (const region of here.regions) { await hop(region); for await (const line of here.lines()); }`
    const { outcome } = await sandbox.travel(body, { objects: { a: 'x'.repeat(100) }, limits: { readBytes: 250 } })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'readBytes', message: expect.stringContaining('250') })
  })

  test('time is counted over all landings', async () => {
    const body = `for (;;) { await hop('${EU}'); await sleep(100); await hop('${US}') }`
    const { outcome } = await sandbox.travel(body, { limits: { wallMs: 500, hops: 1000 } })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'wallMs' })
  })
})

describe('a state that does not fit', () => {
  const limits = { ...DEFAULT_LIMITS, wallMs: 10_000 }
  const stateOf = async (body: string) => {
    const { outcome } = await sandbox.run(body, { region: US, regions: REGIONS, limits })
    if (outcome.kind !== 'departed') throw new Error(outcome.kind)
    return outcome.state
  }
  const resume = (state: Uint8Array, body: string) => {
    const job = jobOf(agentSource(body), { region: EU, regions: REGIONS, limits })
    return sandbox.sandbox().run({ ...job, entry: 'resume', arrival: { state, from: US, spent: NOTHING_SPENT } })
  }

  test('of another agent, or another version of Lander, strands', async () => {
    const state = await stateOf(`await hop('${EU}'); return 1`)
    expect((await resume(state, `await hop('${EU}'); return 1`)).outcome).toEqual({ kind: 'completed', value: 1 })
    expect((await resume(state, `await hop('${EU}'); return 2`)).outcome).toMatchObject(
      failed('AGENT_STRANDED', 'version'),
    )
  })

  test('is no snapshot: strands, and the sandbox serves the next run', async () => {
    expect((await resume(Buffer.from('nothing of the kind'), 'return 1')).outcome).toMatchObject(
      failed('AGENT_STRANDED'),
    )
    expect((await sandbox.run('return 1')).outcome).toEqual({ kind: 'completed', value: 1 })
  })
})
