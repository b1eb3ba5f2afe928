import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../../lib/encoding/json.ts'
import { LONG } from '../../support/long.ts'
import { useSandbox } from '../../support/sandbox.ts'
import { REGIONS } from '../../support/travels.ts'

const sandbox = useSandbox()

/** The steps of an agent: they create, change and read every kind of value that a heap can hold. */
const step = fc.oneof(
  fc.record({
    do: fc.constantFrom('count', 'next', 'defer', 'resolve', 'drop', 'catch', 'big', 'date'),
    n: fc.nat(999),
  }),
  fc.record({ do: fc.constantFrom('map', 'set', 'object', 'buffer', 'nest', 'sort', 'regexp'), n: fc.nat(99) }),
  fc.record({ do: fc.constant('hop'), n: fc.nat(2) }),
)

/** Hops only if the input says so, so that the same program also gives the expected result. */
const PROGRAM = `
  class Counter { #n = 0; static total = 0; add(k) { this.#n += k; Counter.total += k; return this } get n() { return this.#n } }
  function* fibonacci() { let [a, b] = [0n, 1n]; for (;;) { const back = yield a; [a, b] = [b, a + b]; if (back) [a, b] = [0n, 1n] } }
  const counter = new Counter(), numbers = fibonacci(), map = new Map(), set = new Set(), weak = new WeakMap()
  const deferred = [], settled = [], trail = [], object = Object.create({ inherited: 1 }), words = []
  const buffer = new DataView(new ArrayBuffer(64)), pattern = /n(\\d+)/g, symbol = Symbol('s')
  let nested = () => 0
  const steps = {
    count: (n) => counter.add(n).n,
    next: (n) => String(numbers.next(n % 7 === 0).value),
    defer: (n) => { deferred.push(Promise.withResolvers()); deferred.at(-1).promise.then((v) => settled.push(v * n)); return deferred.length },
    resolve: (n) => { deferred.shift()?.resolve(n); return deferred.length },
    drop: (n) => { Array.from({ length: n }, (_, i) => ({ i, text: 'dropped ' + i })); return n },
    catch: (n) => { try { null[n] } catch (error) { return error.name } },
    big: (n) => String((BigInt(n) + 7n) ** 20n),
    date: (n) => new Date(n * 1e9).toISOString(),
    map: (n) => { const key = { n }; map.set(n, key); weak.set(key, n); return [map.size, weak.get(map.get(n))] },
    set: (n) => { set.has(n) ? set.delete(n) : set.add(n); return [...set] },
    object: (n) => { object['k' + n] = n; object[symbol] = n; return [Object.keys(object).length, object.inherited, object[symbol]] },
    buffer: (n) => { buffer.setFloat64(n % 56, n / 3); return buffer.getFloat64(n % 56) },
    nest: (n) => { const inner = nested; nested = () => (inner() * 31 + n) % 1009; return nested() },
    sort: (n) => { words.push('w' + (n * 7919) % 101); return words.toSorted().slice(0, 3) },
    regexp: (n) => { pattern.lastIndex = 0; return 'n1 n22 n333'.replace(pattern, (_, d) => d * n) },
    hop: async (n) => { if (input.hops) await hop(here.regions[n]); return 0 },
  }
  for (const { do: name, n } of input.program) { await null; trail.push([name, await steps[name](n)]) }
  return { trail, settled, total: Counter.total, random: Math.random() }`

async function comesTo(program: Json, hops: boolean): Promise<unknown> {
  const { outcome } = await sandbox.travel(PROGRAM, { input: { program, hops }, regions: REGIONS })
  expect(outcome).toMatchObject({ kind: 'completed' })
  return outcome
}

test('an agent has the same result wherever it hops', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (program) => {
      expect(await comesTo(program, true)).toEqual(await comesTo(program, false))
    }),
    { numRuns: LONG ? 30 : 10 },
  )
})
