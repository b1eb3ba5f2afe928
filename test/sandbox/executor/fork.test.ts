import { describe, expect, test } from 'vitest'
import { useSandbox } from '../../support/sandbox.ts'
import { REGIONS, type TravelOptions } from '../../support/travels.ts'

const sandbox = useSandbox()
const [US, EU, AP] = REGIONS as [string, string, string]

async function resultOf(body: string, options: TravelOptions = {}): Promise<unknown> {
  const { outcome } = await sandbox.travel(body, options)
  if (outcome.kind !== 'completed') throw new Error(JSON.stringify(outcome))
  return outcome.value
}

async function failureOf(body: string, options: TravelOptions = {}) {
  const { outcome } = await sandbox.travel(body, options)
  return outcome.kind === 'failed' ? outcome.error : outcome
}

describe('a fork', () => {
  test('continues in each place with the agent’s variables and its own number', async () => {
    const body = `
      class Count { #n = 40; add() { this.#n++ } get n() { return this.#n } }
      function* messages() { yield* 'abcdef' }
      const [count, message] = [new Count(), messages()]
      message.next()
      const me = await fork(here.regions)
      for (let i = 0; i <= me; i++) count.add()
      const all = await join([me, here.region, count.n, message.next().value])
      return { all, here: here.region, count: count.n, next: message.next().value }`
    expect(await resultOf(body)).toEqual({
      all: [
        [0, US, 41, 'b'],
        [1, EU, 42, 'b'],
        [2, AP, 43, 'b'],
      ],
      here: US,
      count: 41,
      next: 'c',
    })
  })

  test('reads the objects of each place', async () => {
    const dataOf = (region: string) => ({ objects: { a: 'x\n'.repeat(REGIONS.indexOf(region) + 1) } })
    const body = `
      await fork(['${AP}', '${US}'])
      let lines = 0
      for await (const _ of here.lines()) lines++
      return join(lines)`
    expect(await resultOf(body, { dataOf })).toEqual([3, 1])
  })

  test('of one place is a hop, and of the same place twice two branches', async () => {
    expect(await resultOf(`const me = await fork(['${EU}']); return [me, await join(here.region)]`)).toEqual([0, [EU]])
    expect(await resultOf(`await fork(['${EU}', '${EU}']); return join(here.region)`)).toEqual([EU, EU])
  })

  test('may hop, send copies, and fork again in every branch', async () => {
    const body = `
      const me = await fork(['${US}', '${EU}'])
      await hop('${AP}')
      const copied = await at('${US}', () => [me, here.region])
      const inner = await fork(['${US}', '${EU}'])
      const below = await join([me, inner, here.region])
      return [await join({ copied, below }), here.region]`
    const branch = (me: number) => ({
      copied: [me, US],
      below: [
        [me, 0, US],
        [me, 1, EU],
      ],
    }) // prettier-ignore
    expect(await resultOf(body)).toEqual([[branch(0), branch(1)], US])
  })

  test('may follow another', async () => {
    const body = `
      const sums = []
      for (let round = 0; round < 3; round++) { const me = await fork(here.regions); sums.push(sum(await join(me + round))) }
      return sums`
    expect(await resultOf(body)).toEqual([3, 6, 9])
  })

  test('works together with checkpoints', async () => {
    expect(await resultOf(`const me = await fork(here.regions); await checkpoint(); return join(me)`)).toEqual([
      0, 1, 2,
    ])
  })

  test('throws the error of a branch at its join', async () => {
    const body = (work: string) => `
      const me = await fork(here.regions)
      ${work}
      return join(me).catch((error) => [error.name, error.message, error.code])`
    expect(await resultOf(body(`if (me === 1) throw new RangeError('too far')`))).toEqual([
      'RangeError',
      'too far',
      null,
    ])
    expect(await resultOf(body(`if (me === 2) await here.open('none')`))).toMatchObject([
      'ObjectError',
      expect.any(String),
      'OBJECT_NOT_FOUND',
    ])
    expect(
      await resultOf(body(`if (me === 1) for (;;) log('x'.repeat(1000))`), { limits: { logBytes: 5000 } }),
    ).toEqual(['PlaceError', expect.stringContaining('5000'), 'COPY_STOPPED'])
  })

  test('fails a branch that never joins', async () => {
    const body = `
      const me = await fork(here.regions)
      if (me === 1) return 'no join'
      return join(me).catch((error) => [error.code, error.message])`
    expect(await resultOf(body)).toEqual(['FORK_UNJOINED', expect.stringContaining('await join(value) first')])
  })

  test('stalls only in the branch that waits for ever', async () => {
    const body = `
      const me = await fork(here.regions)
      if (me === 2) await new Promise(() => {})
      return join(me).catch((error) => error.code)`
    expect(await resultOf(body)).toBe('AGENT_STALLED')
  })

  test('must be joined, and a join needs a fork', async () => {
    for (const body of [
      `return fork(here.regions)`,
      `await fork(['${US}']); return 1`,
      `await fork(here.regions); await fork(here.regions); return join(1)`,
      `return join(1)`,
      `return at('${EU}', () => join(1))`,
      `await fork(here.regions); await join(1); return join(2)`,
    ])
      expect(await failureOf(body), body).toMatchObject({ code: 'FORK_UNJOINED', name: 'PlaceError' })
  })

  test('is refused during a move, for forbidden places, and without a place', async () => {
    const code = (body: string) =>
      resultOf(`return (async () => { ${body} })().catch((error) => error.code ?? error.name)`)
    expect(await code(`await fork(['mars-1'])`)).toBe('PLACE_UNKNOWN')
    expect(await code(`await fork(['client'])`)).toBe('PLACE_UNKNOWN')
    expect(await code(`await fork([])`)).toBe('TypeError')
    expect(await code(`const copy = at('${EU}', () => 1); await fork(here.regions).finally(() => copy)`)).toBe(
      'HOP_IN_PROGRESS',
    )
    expect(await code(`const away = hop('${EU}'); await fork(here.regions).finally(() => away)`)).toBe(
      'HOP_IN_PROGRESS',
    )
  })
})

describe('places()', () => {
  test('lists names, and counts bytes only on request', async () => {
    const dataOf = (region: string) => ({ objects: { a: 'x'.repeat(100), b: 'y'.repeat(REGIONS.indexOf(region)) } })
    const body = `return [places(), await Promise.all(places().map((place) => place.bytes())), here.region]`
    expect(await resultOf(body, { dataOf })).toEqual([REGIONS.map((region) => ({ region })), [100, 101, 102], US])
    const { landings } = await sandbox.travel('return places()', { dataOf })
    expect(landings).toHaveLength(1)
    expect(landings[0]!.result.usage.hostCalls).toBe(0)
  })
})
