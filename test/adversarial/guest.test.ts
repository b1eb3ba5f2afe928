import { afterEach, describe, expect, test } from 'vitest'
import type { RunOptions } from '../support/jobs.ts'
import { useSandbox } from '../support/sandbox.ts'

/**
 * The attacks of an agent with a valid signature. Whatever the attack does, the sandbox serves the next job.
 */
const sandbox = useSandbox()
/** For attacks that only the deadline stops. */
const brief: RunOptions = { limits: { wallMs: 300, memoryPages: 512 } }
/** For attacks that end by themselves. */
const patient: RunOptions = { limits: { wallMs: 20_000, memoryPages: 512 } }

async function outcomeOf(body: string, options: RunOptions = patient) {
  return (await sandbox.run(body, options)).outcome
}

afterEach(async () => {
  const { outcome } = await sandbox.run('return input * 2', { input: 21 })
  expect(outcome).toEqual({ kind: 'completed', value: 42 })
})

describe('an agent that does not end', () => {
  test.each([
    ['an endless loop', 'for (;;);'],
    ['a loop that catches everything', 'for (;;) try { for (;;); } catch {}'],
    ['a regular expression that explodes', 'return /(x+x+)+y/.test("x".repeat(40))'],
    ['a flood of microtasks', 'const f = () => queueMicrotask(f); f(); await new Promise(() => {})'],
    ['a flood of promises', 'const f = () => void Promise.resolve().then(f); f(); await new Promise(() => {})'],
    ['an endless generator', 'function* g() { for (;;) yield 1 } for (const x of g());'],
    ['a getter that loops', 'return { get a() { for (;;); } }'],
    ['a toJSON that loops', 'return { toJSON() { for (;;); } }'],
    ['an error whose message loops', 'throw { get message() { for (;;); } }'],
    ['a thenable that loops', 'return { then() { for (;;); } }'],
    ['array-like includes', 'Array.prototype.includes.call({ length: 1e9 }, 1); for (;;);'],
    ['sorting a billion holes', '[].sort.call({ length: 1e9 })'],
    ['joining a billion holes', 'return (new Array(1e9) + "").length'],
    ['searching in quadratic time', 'const s = "a".repeat(1e7); return s.indexOf("a".repeat(5e6) + "b")'],
    ['sleeping', 'for (;;) await sleep(1)'],
    [
      'a result, and then a loop',
      'queueMicrotask(async () => { await null; await null; await null; await null; for (;;); }); await null; for (;;);',
    ],
  ])('by %s is stopped', async (_what, body) => {
    expect(await outcomeOf(body, brief)).toMatchObject({ kind: 'stopped', limit: 'wallMs' })
  })

  test('while its module loads is stopped', async () => {
    const { outcome } = await sandbox.runModule('for (;;);', brief)
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'wallMs' })
  })
})

describe('an agent that wants all memory', () => {
  test.each([
    ['arrays', 'const all = []; for (;;) all.push(new Array(1000).fill(0))'],
    ['objects', 'let all; for (;;) all = { all, a: 1, b: 2 }'],
    ['buffers', 'const all = []; for (;;) all.push(new ArrayBuffer(1e6))'],
    ['one buffer', 'return new ArrayBuffer(2 ** 31 - 1).byteLength'],
    ['a doubling array', 'let all = [1]; for (;;) all = all.concat(all)'],
    ['promises', 'const all = []; for (;;) all.push(new Promise(() => {}))'],
    ['a resizable buffer', 'const b = new ArrayBuffer(1, { maxByteLength: 2 ** 30 }); b.resize(2 ** 30)'],
  ])('for %s is stopped at its limit', async (_what, body) => {
    expect(await outcomeOf(body)).toMatchObject({ kind: 'stopped', limit: 'memoryPages' })
  })

  test.each([
    ['a doubling string', 'let s = "x"; for (;;) s = s + s'],
    ['repeat', 'return "x".repeat(2 ** 30).length'],
    ['replaceAll', 'let s = "x"; for (;;) s = s.replaceAll("x", "xxxxxxxxxx")'],
    ['a BigInt', 'let n = 2n; for (;;) n = n * n'],
    ['padding', 'return "".padEnd(2 ** 30, "x").length'],
  ])('for %s gets none', async (_what, body) => {
    expect((await outcomeOf(body, brief)).kind).not.toBe('completed')
  })

  test('and catches every error is stopped all the same', async () => {
    const body = 'const all = []; for (;;) try { for (;;) all.push(new Uint8Array(1e5)) } catch {}'
    expect(await outcomeOf(body, brief)).toMatchObject({ kind: 'stopped', limit: 'wallMs' })
  })

  test('and releases it is served', async () => {
    const body = 'try { const all = []; for (;;) all.push(new Uint8Array(1e5)) } catch (error) { return error.message }'
    expect(await outcomeOf(body)).toEqual({ kind: 'completed', value: 'out of memory' })
  })

  test('with less than the engine needs is stopped before it starts', async () => {
    expect(await outcomeOf('return 1', { limits: { memoryPages: 1 } })).toMatchObject({
      kind: 'stopped',
      limit: 'memoryPages',
    })
  })
})

describe('an agent that recurses deeply', () => {
  test.each([
    ['a recursion', 'const f = () => 1 + f(); f()'],
    ['a recursion through native code', 'const f = () => [1].map(f); f()'],
    ['a toString of itself', 'const a = { toString: () => String(a) }; String(a)'],
    ['a proxy that reads itself', 'const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x'],
    ['JSON nested a million deep', 'JSON.parse("[".repeat(1e6))'],
    ['a flattened nest', 'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity)'],
    ['a pattern nested deep', 'new RegExp("(?:".repeat(1e5) + ")".repeat(1e5))'],
    ['source nested deep', 'return [].concat(...[0]), JSON.parse("[" + "{\\"a\\":".repeat(1e5))'],
  ])('by %s does no harm', async (_what, body) => {
    const outcome = await outcomeOf(body)
    expect(outcome.kind === 'stopped' ? outcome.limit : outcome.kind).toMatch(/^(stack|failed|memoryPages)$/)
  })

  test('can catch the engine’s error', async () => {
    const body = 'const f = () => 1 + f(); try { f() } catch (error) { return error.name }'
    expect(await outcomeOf(body)).toEqual({ kind: 'completed', value: 'RangeError' })
  })

  test('in its own source text is stopped', async () => {
    const { outcome } = await sandbox.runModule(`export default ${'['.repeat(200_000)}`, patient)
    expect(outcome.kind).not.toBe('completed')
  })
})

describe('an agent that wants to compile', () => {
  test.each([
    ['eval', 'return eval("1")'],
    ['indirect eval', 'return (0, globalThis["eval"])("1")'],
    ['Function', 'return Function("return 1")()'],
    ['new Function', 'return new Function("return 1")()'],
    ['a constructor', 'return (function () {}).constructor("return 1")()'],
    ['a constructor of async', 'return (async () => {}).constructor("return 1")()'],
    ['a constructor of generators', 'return (function* () {}).constructor("return 1")().next().value'],
    [
      'a constructor of async generators',
      'return (await (async function* () {}).constructor("return 1")().next()).value',
    ],
    ['a constructor of a class', 'return (class {}).constructor("return 1")()'],
    ['a constructor of a host function', 'return log.constructor("return 1")()'],
    ['a constructor of a bound function', 'return (() => {}).bind().constructor("return 1")()'],
    ['Reflect', 'return Reflect.construct(Object.getPrototypeOf(async () => {}).constructor, ["return 1"])()'],
    [
      'the prototype of AsyncFunction',
      'return Object.getPrototypeOf(Object.getPrototypeOf(async () => {}).constructor)("return 1")()',
    ],
    ['a subclass', 'class F extends (() => {}).constructor {}; return new F("return 1")()'],
    ['a module of data', 'return (await import("data:text/javascript,export default 1")).default'],
  ])('with %s can not', async (_what, body) => {
    expect((await outcomeOf(body)).kind).toBe('failed')
  })

  test('can, if the bundle says so', async () => {
    expect(await outcomeOf('return [eval("1"), new Function("return 2")()]', { compiles: true })).toMatchObject({
      value: [1, 2],
    })
  })

  test('still has a value named Function', async () => {
    const body =
      'return [(() => {}) instanceof Function, Function.prototype === Object.getPrototypeOf(() => {}), typeof Function]'
    expect(await outcomeOf(body)).toMatchObject({ value: [true, true, 'function'] })
  })
})

describe('an agent that looks for a way out', () => {
  test.each([
    'SharedArrayBuffer',
    'Atomics',
    'WebAssembly',
    'WeakRef',
    'FinalizationRegistry',
    'process',
    'require',
    'fetch',
    'Worker',
    'os',
    'std',
    'print',
    'scriptArgs',
    'postMessage',
    'eval',
  ])('finds no %s', async (name) => {
    expect(await outcomeOf(`return typeof globalThis[input]`, { input: name })).toEqual({
      kind: 'completed',
      value: 'undefined',
    })
  })

  test('finds no function of the host', async () => {
    const body = `return Reflect.ownKeys(globalThis).map(String).filter((name) => name.includes('lander') || name.includes('host'))`
    expect(await outcomeOf(body)).toEqual({ kind: 'completed', value: [] })
  })

  test('finds only the agent’s side of the module it imports', async () => {
    const body = `return Object.keys(await import('lander/agent')).sort()`
    expect(await outcomeOf(body)).toEqual({
      kind: 'completed',
      value: [
        ...['KernelError', 'ObjectError', 'PlaceError'],
        ...['agent', 'at', 'bundledKernel', 'checkpoint', 'defc', 'fork', 'here', 'hop', 'join', 'kernel', 'log'],
        ...['places', 'progress', 'receive', 'send', 'sleep', 'sum'],
      ],
    })
  })

  test('sees no path of this computer in an error of the host', async () => {
    const body = `try { progress({ toString() { throw new Error('mine') } }) } catch (error) { return String(error.stack) }`
    const { outcome } = await sandbox.run(body)
    expect(JSON.stringify(outcome)).not.toContain('executor')
    const opened = await outcomeOf(
      `try { await here.open('x'.repeat(5000)) } catch (error) { return [String(error), String(error?.stack)] }`,
    )
    expect(JSON.stringify(opened)).not.toMatch(/executor|\.mjs|\/tmp/)
  })

  test('can not resize a buffer under the engine', async () => {
    // CVE-class bug of older engines: `with` read past the end when valueOf shrank the buffer.
    const body = `
      const buffer = new ArrayBuffer(65536, { maxByteLength: 65536 }), view = new Uint8Array(buffer)
      let copy
      try { copy = view.with(0, { valueOf() { buffer.resize(16); return 1 } }) } catch (error) { return error.name }
      return copy.slice(16).every((byte) => byte === 0)`
    const outcome = await outcomeOf(body)
    expect(['RangeError', 'TypeError', true]).toContain(outcome.kind === 'completed' && outcome.value)
  })
})

describe('an agent that rewrites the language', () => {
  const rewrites: readonly [string, string][] = [
    ['JSON', 'globalThis.JSON = { stringify: () => "forged", parse: () => ({}) }'],
    ['Promise.prototype.then', 'Promise.prototype.then = () => {}'],
    ['Promise', 'globalThis.Promise = null'],
    [
      'Array.prototype',
      'for (const name of Object.getOwnPropertyNames(Array.prototype)) try { Array.prototype[name] = null } catch {}',
    ],
    [
      'Object.prototype',
      'Object.prototype.toJSON = undefined; Object.prototype.code = "OBJECT_FORBIDDEN"; Object.prototype.text = "x"',
    ],
    [
      'setters on Object.prototype',
      'Object.defineProperty(Object.prototype, "reply", { set() { throw new Error("caught you") } })',
    ],
    ['Symbol.asyncIterator', 'String.prototype.split = () => ["forged"]; Object.freeze = () => {}'],
    ['Reflect.apply', 'try { Reflect.apply = () => {} } catch {}'],
    ['Math.random', 'try { Math.random = () => 4 } catch {}'],
    ['Function.prototype', 'Function.prototype.call = Function.prototype.apply = () => { throw 1 }'],
    ['Error', 'globalThis.Error = class { constructor() { throw 1 } }; Error.prepareStackTrace = () => { throw 1 }'],
  ]

  test.each(rewrites)('such as %s changes at most its own outcome', async (_what, rewrite) => {
    const { outcome } = await sandbox.run(`${rewrite}; return { a: [1] }`)
    expect(outcome.kind === 'completed' ? outcome.value : outcome.kind).toEqual(
      outcome.kind === 'completed' ? { a: [1] } : 'failed',
    )
  })

  test('can not freeze or change what its result depends on', async () => {
    expect(await outcomeOf('JSON.stringify = () => "forged"; return 1')).toMatchObject({ kind: 'failed' })
    expect(await outcomeOf('globalThis.JSON = { stringify: () => "forged" }; return 1')).toEqual({
      kind: 'completed',
      value: 1,
    })
  })
})

describe('an agent that says too much', () => {
  test('in logs is stopped, and what fits is kept', async () => {
    const { outcome, logs } = await sandbox.run('for (;;) log("x".repeat(99))', { limits: { logBytes: 1000 } })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'logBytes' })
    expect(logs.length).toBe(10)
  })

  test('in one log line is stopped', async () => {
    const { outcome, logs } = await sandbox.run('log("x".repeat(5e6))', { limits: { logBytes: 1000 } })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'logBytes' })
    expect(logs).toEqual([])
  })

  test('in empty log lines is stopped', async () => {
    expect(await outcomeOf('for (;;) log("")', { limits: { logBytes: 1000 } })).toMatchObject({ limit: 'logBytes' })
  })

  test('in an error is cut', async () => {
    const { usage } = await sandbox.run('const e = new Error("x".repeat(1e6)); e.name = "y".repeat(1e6); throw e', {
      limits: { errorBytes: 100 },
    })
    expect(usage.bytesReturned).toBeLessThanOrEqual(100)
  })

  test('in the code of an error is discarded', async () => {
    const outcome = await outcomeOf('throw Object.assign(new Error(), { code: "the secret is 42" })', {
      limits: { errorBytes: 0 },
    })
    expect(outcome).toEqual({ kind: 'failed', error: { code: 'AGENT_THREW' } })
  })

  test('to the host is stopped', async () => {
    const { outcome, usage } = await sandbox.run('for (;;) progress(0.5)', { limits: { hostCalls: 1000 } })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'hostCalls' })
    expect(usage.hostCalls).toBe(1001)
  })

  test('in progress reports is limited to five a second', async () => {
    let reports = 0
    await sandbox.run('for (let n = 0; n < 1000; n++) progress(n / 1000); return 1', { onProgress: () => reports++ })
    expect(reports).toBeLessThan(100)
  })
})

describe('an agent that reads too much', () => {
  const objects = { big: new Uint8Array(3_000_000) }

  test('is stopped, whatever it does with it', async () => {
    const body = 'for (;;) for await (const chunk of (await here.open("big")).chunks());'
    const { outcome } = await sandbox.run(body, { objects, limits: { readBytes: 5_000_000 } })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'readBytes' })
  })

  test('at once than its memory holds is refused', async () => {
    const body = 'return (await (await here.open("big")).bytes()).length'
    expect(await outcomeOf(body, { objects, limits: { memoryPages: 40 } })).toMatchObject({ kind: 'failed' })
  })

  test('in too many places is refused', async () => {
    const body = `
      const object = await here.open('big'), open = []
      for (let n = 0; n < 200; n++) { const chunks = object.chunks(); open.push(chunks); await chunks.next() }`
    const outcome = await outcomeOf(body, { ...patient, objects: { big: 'x' } })
    expect(outcome).toMatchObject({ kind: 'failed', error: { message: expect.stringContaining('128') } })
  })

  test('and sleeps too often is refused', async () => {
    const body = 'for (let n = 0; n < 20_000; n++) setTimeout(() => {}, 1e6)'
    expect((await outcomeOf(body)).kind).toBe('failed')
  })
})
