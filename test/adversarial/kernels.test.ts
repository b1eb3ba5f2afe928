import { describe, expect, test } from 'vitest'
import { supplyKernels } from '../support/kernels.ts'
import { useSandbox } from '../support/sandbox.ts'

const sandbox = useSandbox()

const HOSTILE = `
#include <stddef.h>
#include <stdint.h>
void forever(void) { for (volatile int i = 0;; i++); }
void fill(void) {
  __builtin_wasm_memory_grow(0, 900);
  for (volatile int i = 0;; i++) __builtin_memset((char *)0x20000, i, 54 << 20);
}
void grow(void) { while ((int)__builtin_wasm_memory_grow(0, 1) >= 0); }
int deep(int n) { return n < 0 ? 0 : deep(n + 1) * deep(n + 2) + 1; }
int fine(void) { return 7; }
void smear(uint8_t *bytes, size_t n) { for (size_t i = 0; i < n + (1 << 20); i++) bytes[i] = 255; }
`
const PROTOTYPES = {
  forever: 'void()',
  fill: 'void()',
  grow: 'void()',
  deep: 'int(int)',
  fine: 'int()',
  smear: 'void(uint8_t*, size_t)',
}
const kernels = supplyKernels({ hostile: HOSTILE })

const withHostile = (body: string) => `
  import { agent, bundledKernel, here, kernel, sleep } from 'lander/agent'
  const hostile = bundledKernel('hostile', ${JSON.stringify(PROTOTYPES)})
  export default agent(async (input) => { ${body} })`

describe('a kernel that does not end', () => {
  test.each([
    ['a loop', 'hostile.forever()'],
    ['a loop of memory.fill', 'hostile.fill()'],
    ['a loop in a worker', 'await here.parallel([1], (_, worker) => worker.call(hostile.forever))'],
    ['a loop of memory.fill in a worker', 'await here.parallel([1], (_, worker) => worker.call(hostile.fill))'],
    [
      'a loop in a worker that nobody awaits',
      'await here.parallel([1], (_, worker) => { worker.call(hostile.forever); return sleep(60_000) })',
    ],
  ])('is ended at the deadline: %s', async (_what, body) => {
    const { outcome } = await sandbox.runModule(withHostile(body), {
      kernels,
      limits: { wallMs: 1000, memoryPages: 4096 },
    })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'wallMs' })
    const next = await sandbox.runModule(withHostile('return hostile.fine()'), { kernels })
    expect(next.outcome).toEqual({ kind: 'completed', value: 7 })
  })

  test('ends with an agent that does not await it', async () => {
    const body = 'await here.parallel([1], (_, worker) => void worker.call(hostile.forever)); return 1'
    const { outcome } = await sandbox.runModule(withHostile(body), { kernels })
    expect(outcome).toEqual({ kind: 'completed', value: 1 })
    expect((await sandbox.runModule(withHostile('return hostile.fine()'), { kernels })).outcome).toMatchObject({
      value: 7,
    })
  })
})

describe('a kernel that takes what it can get', () => {
  test('stops the run when its memory exceeds the limit', async () => {
    for (const body of ['hostile.grow()', 'await here.parallel([1], (_, worker) => worker.call(hostile.grow))']) {
      const { outcome } = await sandbox.runModule(withHostile(`${body}; return 1`), {
        kernels,
        limits: { memoryPages: 256 },
      })
      expect(outcome).toMatchObject({ kind: 'stopped', limit: 'memoryPages' })
    }
  })

  test('exhausts the stack, and the caller gets an error', async () => {
    const body = `const codes = []
      for (let i = 0; i < 3; i++) try { hostile.deep(1) } catch (error) { codes.push(error.code) }
      return [...codes, hostile.fine()]`
    const { outcome } = await sandbox.runModule(withHostile(body), { kernels })
    expect(outcome).toMatchObject({ value: ['KERNEL_TRAPPED', 'KERNEL_TRAPPED', 'KERNEL_TRAPPED', 7] })
  })

  test('writes beyond a view without changing the agent’s memory', async () => {
    const body = `const before = new Uint8Array(64), view = new Uint8Array(16), after = new Uint8Array(64)
      try { hostile.smear(view) } catch {}
      return [before, after].every((bytes) => bytes.every((byte) => byte === 0)) && hostile.fine()`
    const { outcome } = await sandbox.runModule(withHostile(body), { kernels })
    expect(outcome).toMatchObject({ value: 7 })
  })

  test('calls that wait in workers are limited', async () => {
    const body = `const calls = []
      await here.parallel([1], async (_, worker) => { for (let n = 0; n < 1000; n++) calls.push(worker.call(hostile.fine).catch((error) => error.code)) })
      const answers = await Promise.all(calls)
      return [answers.filter((answer) => answer === 7).length, answers.filter((answer) => answer === 'KERNEL_BUSY').length]`
    const { outcome } = await sandbox.runModule(withHostile(body), { kernels })
    expect(outcome).toMatchObject({ value: [64, 936] })
  })
})

describe('an agent that tampers with calls of kernels', () => {
  test('can call them only through their functions', async () => {
    const body = `return [typeof globalThis['lander:kernel'], Object.getOwnPropertyNames(globalThis).filter((name) => name.includes('lander'))]`
    const { outcome } = await sandbox.runModule(withHostile(body), { kernels })
    expect(outcome).toMatchObject({ value: ['undefined', []] })
  })

  test('can not fake a view: the kernel gets the real bytes', async () => {
    const body = `const view = new Uint8Array(8)
      Object.defineProperty(view, 'length', { value: 1e9 }); Object.defineProperty(view, 'byteLength', { value: 1e9 })
      Object.defineProperty(view, 'byteOffset', { value: -64 }); Object.defineProperty(view, 'buffer', { value: new ArrayBuffer(1) })
      const { first } = await kernel({ kernel: 'honest' }, { first: 'size_t(const uint8_t*, size_t)' })
      const fake = Object.create(Uint8Array.prototype)
      let caught; try { first(fake) } catch (error) { caught = typeof error.message }
      return [first(view), caught]`
    const honest = supplyKernels({
      hostile: HOSTILE,
      honest: '#include <stdint.h>\n#include <stddef.h>\nsize_t first(const uint8_t *x, size_t n) { return n; }',
    })
    const { outcome } = await sandbox.runModule(withHostile(body), { kernels: honest })
    expect(outcome).toMatchObject({ value: [8, 'string'] })
  })

  test('can poison every prototype, and calls still work', async () => {
    const body = `for (const name of ['push', 'map', 'some', 'slice', 'entries', Symbol.iterator]) try { Array.prototype[name] = () => { throw 1 } } catch {}
      try { return hostile.fine() } catch (error) { return String(error) }`
    const { outcome } = await sandbox.runModule(withHostile(body), { kernels })
    expect(outcome).toMatchObject({ kind: 'completed' })
  })
})
