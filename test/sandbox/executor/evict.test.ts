import { describe, expect, test } from 'vitest'
import { useSandbox } from '../../support/sandbox.ts'
import { REGIONS, type TravelOptions } from '../../support/travels.ts'

const sandbox = useSandbox()
const [US] = REGIONS as [string]

/** Evicts the agent in each of its first landings, shortly after it has started. */
function evicting(times: number, afterMs = 120): Pick<TravelOptions, 'evict'> {
  let left = times
  return { evict: () => (left-- > 0 ? AbortSignal.timeout(afterMs) : undefined) }
}

/** Runs an agent that is evicted several times, and returns its value and the number of landings. */
async function sentAway(body: string, options: TravelOptions = {}, times = 3): Promise<[unknown, number]> {
  const { outcome, landings } = await sandbox.travel(body, { ...evicting(times), ...options })
  expect(outcome).toMatchObject({ kind: 'completed' })
  expect(new Set(landings.map(({ region }) => region))).toEqual(new Set([US]))
  return [(outcome as { value: unknown }).value, landings.length]
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('an agent that its place evicts', () => {
  test('continues after its sleep', async () => {
    const [value, landings] = await sentAway(
      `const start = Date.now(); await sleep(900); return Date.now() - start >= 895`,
    )
    expect([value, landings]).toEqual([true, 4])
  })

  test('is not evicted while it waits for nothing', async () => {
    expect(await sentAway('return 1')).toEqual([1, 1])
  })

  test.each([
    ['lines', `for await (const line of here.lines('big')) { sum += Number(line); await pause() }`],
    [
      'batches of lines',
      `for await (const lines of here.lines('big').batches()) for (const line of lines) { sum += Number(line); await pause() }`,
    ],
    [
      'pieces of bytes',
      `let rest = ''; for await (const piece of (await here.open('big')).chunks()) {
        rest += new TextDecoder().decode(piece.bytes()); const all = rest.split('\\n'); rest = all.pop(); for (const line of all) { sum += Number(line); await pause() } }
      sum += Number(rest)`,
    ],
  ])('resumes its reads: %s', async (_, read) => {
    const text = numbers(250_000).join('\n')
    const body = `let sum = 0, read = 0
      const pause = () => (++read % 60_000 === 0 ? sleep(100) : undefined)
      ${read}
      return sum`
    const [value, landings] = await sentAway(body, { objects: { big: text }, limits: { stateBytes: 2 ** 26 } })
    expect(value).toBe((250_000 * 249_999) / 2)
    expect(landings).toBeGreaterThan(1)
  })

  test('resumes its reads: CSV, whose header is at the start', async () => {
    const csv = `word,number\n${numbers(60_000)
      .map((n) => `w${n % 7},${n}`)
      .join('\n')}`
    const body = `let sum = 0, batches = 0, last
      for await (const batch of here.csv('big', { numbers: ['number'] }).batches()) {
        for (const n of batch.column('number')) sum += n
        last = batch.column('word').at(-1)
        if (++batches % 2 === 0) await sleep(100)
      }
      return [sum, last]`
    const [value, landings] = await sentAway(body, { objects: { big: csv } })
    expect(value).toEqual([(60_000 * 59_999) / 2, `w${59_999 % 7}`])
    expect(landings).toBeGreaterThan(1)
  })

  test('resumes its reads: a list of objects', async () => {
    const objects = Object.fromEntries(numbers(2500).map((n) => [`k${String(n).padStart(5, '0')}`, 'x']))
    const body = `let count = 0, last = ''
      for await (const object of here.objects()) { if (object.key <= last) throw new Error('twice'); last = object.key; if (++count % 900 === 0) await sleep(150) }
      return count`
    const [value, landings] = await sentAway(body, { objects })
    expect(value).toBe(2500)
    expect(landings).toBeGreaterThan(1)
  })

  test('can still hop', async () => {
    const { outcome } = await sandbox.travel(
      `await sleep(300); await hop(here.regions[1]); await sleep(300); return here.region`,
      evicting(9),
    )
    expect(outcome).toEqual({ kind: 'completed', value: REGIONS[1] })
  })

  test('does not use up hops', async () => {
    const [value] = await sentAway(`await sleep(500); return 'rested'`, { limits: { hops: 0 } })
    expect(value).toBe('rested')
  })
})
