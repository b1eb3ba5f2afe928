import { availableParallelism } from 'node:os'
import { describe, expect, test } from 'vitest'
import { supplyKernels } from '../../support/kernels.ts'
import { useSandbox } from '../../support/sandbox.ts'

const sandbox = useSandbox()
const WORKERS = Math.min(8, availableParallelism())

const KIT = `
#include <stddef.h>
#include <stdint.h>
static size_t seen;
size_t count(const uint8_t *bytes, size_t n) { size_t lines = 0; for (size_t i = 0; i < n; i++) lines += bytes[i] == '\\n'; seen += lines; return lines; }
size_t total(void) { return seen; }
void scale(double *x, size_t n, double by) { for (size_t i = 0; i < n; i++) x[i] *= by; }
long long far_sum(long long a, unsigned long long b) { return a + (long long)b; }
unsigned long long huge(float f) { return (unsigned long long)f; }
int trap(void) { __builtin_trap(); }
void nothing(void) {}
`
const PROTOTYPES = {
  count: 'size_t(const uint8_t*, size_t)',
  total: 'size_t()',
  scale: 'void(double*, size_t, double)',
  far_sum: 'long long(long long, unsigned long long)',
  huge: 'unsigned long long(float)',
  trap: 'int()',
  nothing: 'void()',
}
const kernels = supplyKernels({ kit: KIT })

const withKit = (body: string) => `
  import { agent, bundledKernel, defc, here, hop, sleep } from 'lander/agent'
  const kit = bundledKernel('kit', ${JSON.stringify(PROTOTYPES)})
  export default agent(async (input) => { ${body} })`

async function resultOf(body: string, options: object = {}): Promise<unknown> {
  const { outcome } = await sandbox.runModule(withKit(body), { kernels, ...options })
  expect(outcome).toMatchObject({ kind: 'completed' })
  return (outcome as { value: unknown }).value
}

const COUNT = `here.parallel(here.objects(), async (object, worker) => {
  let lines = 0
  for await (const chunk of object.chunks()) lines += await worker.call(kit.count, chunk)
  return lines
})`

const objects = Object.fromEntries(
  Array.from({ length: 12 }, (_, n) => [`o${String(n).padStart(2, '0')}`, 'line\n'.repeat(n * 100_000)]),
)
const LINES = Object.keys(objects).map((_, n) => n * 100_000)

describe('work over many items', () => {
  test('gives its results in the order of the items', async () => {
    expect(await resultOf(`return ${COUNT}`, { objects })).toEqual(LINES)
    const late = `return here.parallel([30, 5, 1, 20], async (ms) => { await sleep(ms); return ms })`
    expect(await resultOf(late)).toEqual([30, 5, 1, 20])
  })

  test('uses as many workers as there are threads', async () => {
    const body = `let now = 0, most = 0
      const workers = await here.parallel(Array.from({ length: 20 }), async (_, worker) => { most = Math.max(most, ++now); await sleep(5); now--; return worker.number })
      return [most, [...new Set(workers)].sort()]`
    expect(await resultOf(body)).toEqual([WORKERS, Array.from({ length: WORKERS }, (_, worker) => worker)])
  })

  test('takes items as it needs them, one at a time', async () => {
    const body = `let taken = 0, asking = 0, together = false
      async function* items() { for (let n = 0; n < 10; n++) { together ||= asking++ > 0; await sleep(1); asking--; taken++; yield n } }
      let ahead = 0
      await here.parallel(items(), async (n) => { ahead = Math.max(ahead, taken - n); await sleep(3) })
      return [taken, together, ahead <= ${WORKERS} + 1]`
    expect(await resultOf(body)).toEqual([10, false, true])
  })

  test('starts no further items after a failure, and throws the first error', async () => {
    const body = `const begun = []
      let left = false
      function* items() { try { for (let n = 0; ; n++) yield n } finally { left = true } }
      try { await here.parallel(items(), async (n) => { begun.push(n); await sleep(n === 0 ? 30 : 5); throw new Error('item ' + n) }) }
      catch (error) { return [error.message, begun.length, left] }`
    expect(await resultOf(body)).toEqual(['item 0', WORKERS, true])
  })

  test('of an empty list is an empty list', async () => {
    expect(await resultOf('return here.parallel([], () => 1)')).toEqual([])
  })
})

describe('a worker', () => {
  test('has its own instance of a kernel', async () => {
    const body = `await ${COUNT}
      const totals = await here.parallel(Array.from({ length: ${WORKERS} }), async (_, worker) => { const total = await worker.call(kit.total); await sleep(20); return total })
      return [totals.reduce((a, b) => a + b), kit.total()]`
    expect(await resultOf(body, { objects })).toEqual([LINES.reduce((a, b) => a + b), 0])
  })

  test('passes every kind of value, and writes to typed arrays', async () => {
    const body = `return (await here.parallel([1], async (_, worker) => {
        const x = new Float64Array([9, 1, 2, 9])
        await worker.call(kit.scale, x.subarray(1, 3), 0.5)
        return [Array.from(x), String(await worker.call(kit.far_sum, -5n, 2n ** 63n)), String(await worker.call(kit.huge, 2 ** 63)),
          await worker.call(kit.count, 'a\\nb\\n'), (await worker.call(kit.nothing)) === undefined]
      }))[0]`
    expect(await resultOf(body)).toEqual([[9, 0.5, 1, 9], `${2n ** 63n - 5n}`, `${2n ** 63n}`, 2, true])
  })

  test('returns a chunk, which can be used again', async () => {
    const body = `for await (const chunk of (await here.open('o01')).chunks())
        return (await here.parallel([1], async (_, worker) => {
          const calls = [worker.call(kit.count, chunk), worker.call(kit.count, chunk).catch((error) => error.code)]
          const caught = await worker.call(kit.trap).catch((error) => error.code)
          return [...(await Promise.all(calls)), caught, kit.count(chunk), await worker.call(kit.count, chunk), chunk.bytes().length]
        }))[0]`
    expect(await resultOf(body, { objects })).toEqual([1e5, 'KERNEL_BUSY', 'KERNEL_TRAPPED', 1e5, 1e5, 5e5])
  })

  test('runs the latest definition of a kernel', async () => {
    const body = `const f = await defc('f', 'int()', 'int f(void) { return 1; }')
      return here.parallel([1], async (_, worker) => {
        const before = await worker.call(f)
        await defc('f', 'int()', 'int f(void) { return 2; }')
        return [before, await worker.call(f)]
      })`
    expect(await resultOf(body, { compiles: true })).toEqual([[1, 2]])
  })

  test.each([
    ['worker.call(() => 1)', 'the first argument of worker.call() is a function of a kernel'],
    ['worker.call(kit.huge)', 'huge takes 1 arguments, not 0'],
    [`worker.call(kit.huge, '1')`, 'argument 1 of huge is float'],
    ['worker.call(kit.count, 7)', 'const uint8_t* of count is Uint8Array'],
  ])('refuses wrong arguments: %s', async (call, why) => {
    const body = `return here.parallel([1], (_, worker) => ${call}).catch((error) => error.message)`
    expect(await resultOf(body)).toContain(why)
  })
})

describe('an agent with work in workers', () => {
  test('hops when its calls have been answered, and finds new workers', async () => {
    const { outcome } = await sandbox.travelModule(
      withKit(`const before = await ${COUNT}; await hop('eu-1'); return [before, await ${COUNT}]`),
      { kernels, objects },
    )
    expect(outcome).toMatchObject({ kind: 'completed', value: [LINES, LINES] })
  })

  test('is evicted between two calls, and loses none', async () => {
    const body = `const pieces = await here.parallel(Array.from({ length: 40 }, (_, n) => n), async (n, worker) => {
        const x = new Float64Array(1000).fill(n)
        for (let i = 0; i < 20; i++) await worker.call(kit.scale, x, 2)
        await sleep(5)
        return x[999]
      })
      return pieces.every((x, n) => x === n * 2 ** 20)`
    let left = 3
    const { outcome, landings } = await sandbox.travelModule(withKit(body), {
      kernels,
      evict: () => (left-- > 0 ? AbortSignal.timeout(60) : undefined),
    })
    expect(outcome).toMatchObject({ kind: 'completed', value: true })
    expect(landings.length).toBeGreaterThan(1)
  })
})
