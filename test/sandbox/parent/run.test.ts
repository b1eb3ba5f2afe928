import { describe, expect, test } from 'vitest'
import type { Progress } from '../../../lib/sandbox/contract/job.ts'
import { NOW } from '../../support/jobs.ts'
import { useSandbox } from '../../support/sandbox.ts'

const sandbox = useSandbox()

describe('a run', () => {
  test('returns what the agent returns', async () => {
    const { outcome, usage } = await sandbox.run('return { sum: input.a + input.b }', { input: { a: 1, b: 2 } })
    expect(outcome).toEqual({ kind: 'completed', value: { sum: 3 } })
    expect(usage).toMatchObject({ hostCalls: 0, bytesRead: 0, bytesReturned: 9, objects: 0 })
  })

  test('calls the merge function with all results', async () => {
    const main = `import { agent, sum } from 'lander/agent'; export default agent(() => 1, { merge: sum })`
    const { outcome } = await sandbox.runModule(main, { entry: 'merge', input: [1, 2, 3] })
    expect(outcome).toEqual({ kind: 'completed', value: 6 })
  })

  test('merges to the list of results if the agent has no merge function', async () => {
    const { outcome } = await sandbox.run('return 1', { entry: 'merge', input: [1, 2] })
    expect(outcome).toEqual({ kind: 'completed', value: [1, 2] })
  })

  test('tells the agent where it is', async () => {
    const { outcome } = await sandbox.run('return [here.region, here.regions, place.region, place.mission]')
    expect(outcome).toMatchObject({ value: ['here-1', ['here-1', 'there-1'], 'here-1', 'm1'] })
  })

  test('starts at the given time, and its clock never goes backwards', async () => {
    const { outcome } = await sandbox.run('const a = Date.now(); await sleep(20); return [a, Date.now() - a >= 20]')
    expect(outcome).toMatchObject({ value: [NOW, true] })
  })

  test('has the same random numbers for the same mission and region, and others for another', async () => {
    const random = async (options: object) => (await sandbox.run('return Math.random()', options)).outcome
    const first = await random({ mission: 'a', region: 'r-1' })
    expect(await random({ mission: 'a', region: 'r-1' })).toEqual(first)
    expect(await random({ mission: 'a', region: 'r-2' })).not.toEqual(first)
    expect(await random({ mission: 'b', region: 'r-1' })).not.toEqual(first)
  })

  test('starts with a fresh engine each time', async () => {
    await sandbox.run('globalThis.left = 1; Array.prototype.left = 2; return 1')
    const { outcome } = await sandbox.run('return [typeof left, [].left]')
    expect(outcome).toMatchObject({ value: ['undefined', null] })
  })

  test('keeps logs in order, and console is one of them', async () => {
    const { logs, usage } = await sandbox.run(
      `log('a', 1, { b: [2] }); console.warn('c'); log(new Error('d')); return 0`,
    )
    expect(logs).toEqual(['a 1 {"b":[2]}', 'c', 'Error: d'])
    expect(usage.logBytes).toBe(25)
  })

  test.each([
    ['a Map', 'new Map([["a", 1], ["b", new Set([2])]])', '{"Map(2)":[["a",1],["b",{"Set(1)":[2]}]]}'],
    ['a typed array', '{ at: new Float64Array([0.5, 2]) }', '{"at":{"Float64Array(2)":[0.5,2]}}'],
    ['bytes', 'new Uint8Array([7]).buffer', '{"ArrayBuffer(1)":[7]}'],
    ['an error inside', '[new TypeError("no")]', '["TypeError: no"]'],
    ['a BigInt inside', '[1n]', '["1n"]'],
    ['a large one', 'new Set(Array(1000).keys())', `{"Set(1000)":[${[...Array(20).keys()]},"…"]}`],
  ])('logs %s legibly', async (_what, value, line) => {
    expect((await sandbox.run(`log(${value})`)).logs).toEqual([line])
  })

  test.each([
    ['before it returns', 'Promise.reject(new Error("left alone")); return 1'],
    ['before it returns later', 'await sleep(1); Promise.reject(new Error("left alone")); return 1'],
  ])('fails by a rejection that nobody handles, made right %s', async (_when, body) => {
    const { outcome, usage } = await sandbox.run(body)
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'AGENT_THREW', message: 'left alone' } })
    expect(usage.bytesReturned).toBeLessThan(1024)
  })

  test.each([
    ['at once', 'const no = Promise.reject(1); no.catch(() => {}); return 1'],
    ['after it returned', 'const no = Promise.reject(1); later(9, () => no.catch(() => {})); return 1'],
  ])('completes when a rejection is handled %s', async (_when, body) => {
    const later = 'const later = async (turns, act) => { while (turns-- > 0) await null; act() };'
    expect((await sandbox.run(later + body)).outcome).toEqual({ kind: 'completed', value: 1 })
  })

  test('reports progress in whole percents', async () => {
    const seen: Progress[] = []
    await sandbox.run('progress(0.4567); return 1', { onProgress: (progress) => seen.push(progress) })
    expect(seen).toEqual([{ bytesRead: 0, objects: 0, fraction: 0.45 }])
  })

  test('has the globals of every platform', async () => {
    const body = `
      const order = []
      const timer = setTimeout(() => order.push('never'), 1); clearTimeout(timer)
      setTimeout((word) => order.push(word), 5, 'timeout'); queueMicrotask(() => order.push('microtask'))
      await sleep(30)
      const bytes = new TextEncoder().encode('Köln')
      return [order, [...bytes], new TextDecoder().decode(bytes), atob(btoa('hi')), typeof performance.now()]`
    const { outcome } = await sandbox.run(body)
    expect(outcome).toMatchObject({
      value: [['microtask', 'timeout'], [75, 195, 182, 108, 110], 'Köln', 'hi', 'number'],
    })
  })
})

describe('a result', () => {
  test.each([
    ['undefined', 'return undefined', null],
    ['nothing', '', null],
    ['NaN', 'return [NaN, Infinity]', [null, null]],
    ['what toJSON says', 'return new Date(0)', '1970-01-01T00:00:00.000Z'],
    ['text with NUL and half a pair', 'return "a\\u0000b\\ud800"', 'a\u0000b\ud800'],
    ['a thenable', 'return { then: (resolve) => resolve(7) }', 7],
    ['__proto__ as a name', 'return JSON.parse(\'{"__proto__":1}\')', JSON.parse('{"__proto__":1}')],
  ])('of %s is JSON', async (_what, body, value) => {
    expect((await sandbox.run(body)).outcome).toEqual({ kind: 'completed', value })
  })

  test.each([
    ['a function', 'return [() => 1]', 'a function'],
    ['a symbol', 'return { a: Symbol() }', 'a symbol'],
    ['a BigInt', 'return 1n', 'a BigInt'],
    ['a Map', 'return new Map()', 'a Map'],
    ['a Set', 'return { a: new Set() }', 'a Set'],
    ['bytes', 'return new Uint8Array(1)', 'bytes'],
    ['a cycle', 'const a = {}; a.a = a; return a', 'circular'],
    ['a getter that throws', 'return { get a() { throw new Error("no") } }', 'no'],
  ])('with %s fails and says so', async (_what, body, words) => {
    const { outcome } = await sandbox.run(body)
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'AGENT_RESULT' } })
    expect(JSON.stringify(outcome)).toContain(words)
  })

  test('larger than the limit is withheld, not cut', async () => {
    const limits = { resultBytes: 100 }
    expect((await sandbox.run('return "x".repeat(98)', { limits })).outcome.kind).toBe('completed')
    const { outcome, usage } = await sandbox.run('return "x".repeat(99)', { limits })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'resultBytes' })
    expect(usage.bytesReturned).toBe(0)
  })

  test('is measured in bytes of UTF-8', async () => {
    const { outcome } = await sandbox.run('return "é".repeat(60)', { limits: { resultBytes: 100 } })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'resultBytes' })
  })
})

describe('a failure', () => {
  test('contains the agent’s own message', async () => {
    const { outcome } = await sandbox.run('throw new TypeError("so bad")')
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'AGENT_THREW', name: 'TypeError', message: 'so bad', stack: expect.stringContaining('main:2') },
    })
  })

  test.each([
    ['a string', 'throw "text"', 'text'],
    ['null', 'throw null', 'null'],
    ['undefined', 'throw undefined', 'undefined'],
    ['a symbol', 'throw Symbol("s")', 'a symbol'],
  ])('can be %s', async (_what, body, message) => {
    expect((await sandbox.run(body)).outcome).toEqual({ kind: 'failed', error: { code: 'AGENT_THREW', message } })
  })

  test('is a rejection that nobody handles', async () => {
    const { outcome } = await sandbox.run('Promise.reject(new Error("lost")); await sleep(1000); return 1')
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'AGENT_THREW', message: 'lost' } })
  })

  test('is not a rejection that is handled in the same turn', async () => {
    const { outcome } = await sandbox.run(
      'const p = Promise.reject(1); p.catch(() => {}); return await p.catch(() => 2)',
    )
    expect(outcome).toMatchObject({ value: 2 })
  })

  test('is a promise that nothing can settle', async () => {
    const { outcome } = await sandbox.run('await new Promise(() => {})')
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'AGENT_STALLED' } })
  })

  test('is cut to its limit, and with limit 0 only the code is reported', async () => {
    const words = async (errorBytes: number) =>
      (await sandbox.run('throw new Error("ä".repeat(99))', { limits: { errorBytes } })).outcome
    expect(await words(0)).toEqual({ kind: 'failed', error: { code: 'AGENT_THREW' } })
    expect(await words(9)).toEqual({ kind: 'failed', error: { code: 'AGENT_THREW', name: 'Error', message: 'ää' } })
  })

  test.each([
    ['does not parse', 'export default agent('],
    ['throws while loading', 'throw new Error("x")'],
    ['has no agent', 'export default 1'],
    ['exports nothing', '1'],
    ['imports another module', 'import "node:fs"; export default 1'],
    ['waits for ever at its top level', 'await new Promise(() => {}); export default 1'],
    ['asks for data while loading', 'import { here } from "lander/agent"; here.region'],
  ])('of a module that %s is AGENT_INVALID', async (_what, main) => {
    expect((await sandbox.runModule(main)).outcome).toMatchObject({ kind: 'failed', error: { code: 'AGENT_INVALID' } })
  })

  test('to import at run time can be caught', async () => {
    const { outcome } = await sandbox.run('return await import("node:fs").catch((error) => error.message)')
    expect(outcome).toMatchObject({ value: expect.stringContaining('"lander/agent" only') })
  })
})

describe('a caller', () => {
  test('can cancel a run', async () => {
    const controller = new AbortController()
    const run = sandbox.run('log("started"); for (;;) await sleep(5)', { signal: controller.signal })
    setTimeout(() => controller.abort(), 50)
    expect((await run).outcome).toMatchObject({ kind: 'stopped', limit: 'cancelled' })
  })

  test('that has cancelled before gets no run', async () => {
    const { outcome, logs } = await sandbox.run('log("x"); return 1', { signal: AbortSignal.abort() })
    expect([outcome.kind, logs]).toEqual(['stopped', []])
  })

  test('can run several agents at once', async () => {
    const runs = await Promise.all([1, 2, 3].map((n) => sandbox.run('await sleep(20); return input', { input: n })))
    expect(runs.map(({ outcome }) => outcome)).toMatchObject([{ value: 1 }, { value: 2 }, { value: 3 }])
  })
})
