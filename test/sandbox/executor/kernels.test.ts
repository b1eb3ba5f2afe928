import { describe, expect, test } from 'vitest'
import { compileHere } from '../../../lib/bundle/packed-kernel.ts'
import { supplyKernels } from '../../support/kernels.ts'
import { useSandbox } from '../../support/sandbox.ts'

const sandbox = useSandbox()

const KIT = `
#include <stddef.h>
#include <stdint.h>
int fib(int x) { return x < 2 ? x : fib(x - 1) + fib(x - 2); }
int add(int a, int b) { return a + b; }
unsigned twice(unsigned a) { return 2 * a; }
long long far_sum(long long a, long long b) { return a + b; }
unsigned long long far_next(unsigned long long a) { return a + 1; }
float half(float a) { return a / 2; }
double third(double a) { return a / 3; }
int mixed(int a, long long b, double c, float d, unsigned e) { return a + (int)b + (int)c + (int)d + (int)e; }
static int calls;
void touch(void) { calls++; }
int touched(void) { return calls; }
size_t count(const uint8_t *bytes, size_t length) {
  size_t lines = 0;
  for (size_t i = 0; i < length; i++) lines += bytes[i] == '\\n';
  return lines;
}
double sum(const double *x, size_t n) { double s = 0; for (size_t i = 0; i < n; i++) s += x[i]; return s; }
void scale(float *x, size_t n, float by) { for (size_t i = 0; i < n; i++) x[i] *= by; }
int64_t last(const int64_t *x, size_t n) { return n == 0 ? -1 : x[n - 1]; }
void histogram(const uint8_t *bytes, size_t n, uint32_t *bins, size_t m) { for (size_t i = 0; i < n; i++) bins[bytes[i] % m]++; }
size_t where(const float *x, size_t n) { return (size_t)x % 16 + (n == 0); }
int trap(void) { __builtin_trap(); }
int divide(int a, int b) { return a / b; }
int beyond(int at) { return *(volatile char *)(0x7f000000 + at); }
int deep(int n) { volatile int here = n; return n < 0 ? 0 : deep(n + 1) + here; }
int grow(int pages) { return (int)__builtin_wasm_memory_grow(0, pages); }
`

const PROTOTYPES = {
  fib: 'int(int)',
  add: 'int(int, int)',
  twice: 'unsigned(unsigned)',
  far_sum: 'long long(long long, long long)',
  far_next: 'unsigned long long(unsigned long long)',
  half: 'float(float)',
  third: 'double(double)',
  mixed: 'int(int, long long, double, float, unsigned)',
  touch: 'void()',
  touched: 'int(void)',
  count: 'size_t(const uint8_t*, size_t)',
  sum: 'double(const double*, size_t)',
  scale: 'void(float*, size_t, float)',
  last: 'long long(const int64_t*, size_t)',
  histogram: 'void(const uint8_t*, size_t, uint32_t*, size_t)',
  where: 'size_t(const float*, size_t)',
  trap: 'int()',
  divide: 'int(int, int)',
  beyond: 'int(int)',
  deep: 'int(int)',
  grow: 'int(int)',
}

const kernels = supplyKernels({ kit: KIT })

/** An agent with all functions of the kit as `kit`, and `failure` to see what something throws. */
const withKit = (body: string, more = '') => `
  import { agent, at, bundledKernel, defc, here, hop, kernel, log, sleep, KernelError } from 'lander/agent'
  const kit = bundledKernel('kit', ${JSON.stringify(PROTOTYPES)})
  const failure = async (work) => { try { return await work() } catch (error) { return [error instanceof KernelError, error.code, error.message] } }
  ${more}
  export default agent(async (input, place) => { ${body} })`

async function resultOf(body: string, options: object = {}): Promise<unknown> {
  const { outcome } = await sandbox.runModule(withKit(body), { kernels, ...options })
  expect(outcome).toMatchObject({ kind: 'completed' })
  return (outcome as { value: unknown }).value
}

describe('a kernel of the bundle', () => {
  test('is called like any function', async () => {
    expect(
      await resultOf(`return [kit.fib(20), kit.add(2, -3), kit.twice(2 ** 31), kit.half(3), kit.third(1), kit.touch() ?? 'void',
        String(kit.far_sum(2n ** 62n, -1n)), String(kit.far_next(2n ** 64n - 2n)), kit.mixed(1, 2n, 3.9, 4.5, 5)]`),
    ).toEqual([6765, -1, 0, 1.5, 1 / 3, 'void', `${2n ** 62n - 1n}`, `${2n ** 64n - 1n}`, 15])
  })

  test('keeps its static variables from call to call, but not from run to run', async () => {
    const body = 'for (let i = 0; i < 5; i++) kit.touch(); return kit.touched()'
    expect([await resultOf(body), await resultOf(body)]).toEqual([5, 5])
  })

  test('reads typed arrays, parts of them, and text as UTF-8', async () => {
    expect(
      await resultOf(`return [kit.sum(new Float64Array([1, 2, 0.5])), kit.sum(new Float64Array([9, 1, 2, 9]).subarray(1, 3)),
        kit.sum(new Float64Array()), String(kit.last(new BigInt64Array([1n, -5n]))), kit.count('a\\nü\\n'), kit.count(new TextEncoder().encode('\\n')),
        kit.where(new Float32Array(3))]`),
    ).toEqual([3.5, 3, 0, '-5', 2, 1, 0])
  })

  test('writes to typed arrays, and to nothing else', async () => {
    expect(
      await resultOf(`const x = new Float32Array([9, 1, 2, 9]); kit.scale(x.subarray(1, 3), 2)
        const bins = new Uint32Array(3); kit.histogram('aab', bins); kit.histogram(new Uint8Array([1, 2]), bins)
        return [Array.from(x), Array.from(bins)]`),
    ).toEqual([
      [9, 2, 4, 9],
      [0, 3, 2],
    ])
  })

  test('takes views of every size, one call after the other', async () => {
    expect(
      await resultOf(`const sums = []
        for (const n of [10, 100_000, 5, 1_000_000, 3_000_000]) sums.push(kit.sum(new Float64Array(n).fill(1)))
        return sums`),
    ).toEqual([10, 100_000, 5, 1_000_000, 3_000_000])
  })

  test('reads the chunks of an object, which stay outside of the heap', async () => {
    const text = 'a line\n'.repeat(1_000_000)
    const body = `let lines = 0, length = 0
      for await (const chunk of (await here.open('big')).chunks()) { lines += kit.count(chunk); length += chunk.length }
      return [lines, length]`
    const { outcome, usage } = await sandbox.runModule(withKit(body), { kernels, objects: { big: text } })
    expect(outcome).toMatchObject({ value: [1_000_000, 7_000_000] })
    // The engine's heap stays as it is; the kernel has a stack, its data, and a chunk.
    expect(usage.memoryPages).toBeLessThanOrEqual(24 + 2 + 34)
  })

  test('finds nothing of an earlier run in its workers', async () => {
    const body = `const seen = await here.parallel([1, 2, 3, 4], async (_, worker) => {
        await worker.call(kit.touch)
        return [worker.number, await worker.call(kit.touched)]
      })
      // The counter of each worker: how often it has been called in this run.
      return seen.reduce((sum, [number, calls]) => ({ ...sum, [number]: Math.max(sum[number] ?? 0, calls) }), {})`
    for (let run = 0; run < 3; run++) {
      const calls = (await resultOf(body)) as Record<string, number>
      expect(Object.values(calls).reduce((sum, count) => sum + count, 0)).toBe(4)
    }
  })

  test('refuses a chunk whose loop has continued', async () => {
    expect(
      await resultOf(
        `const kept = []
        for await (const chunk of (await here.open('big')).chunks()) { kept.push(chunk); if (kept.length === 2) kept.push(kept[0].length, kit.count(chunk)) }
        return [kept[2], kept[3], await failure(() => kit.count(kept[0])), await failure(() => kept[1].bytes())]`,
        { objects: { big: '\n'.repeat(4_000_000) } },
      ),
    ).toEqual([
      2_097_152,
      1_902_848,
      [false, 'OBJECT_LEFT_BEHIND', expect.stringContaining('until its loop asks for the next one')],
      [false, 'OBJECT_LEFT_BEHIND', expect.anything()],
    ])
  })

  test('copies the bytes of a chunk into the heap on request', async () => {
    const body = `let text = ''; for await (const chunk of (await here.open('a')).chunks()) text += new TextDecoder().decode(chunk.bytes()); return text`
    expect(await resultOf(body, { objects: { a: 'grün' } })).toBe('grün')
  })

  test.each([
    ['kit.add(1)', 'add takes 2 arguments, not 1'],
    ['kit.add(1.5, 2)', 'argument 1 of add is int, which 1.5 is not'],
    ['kit.add(1, 2 ** 31)', 'argument 2 of add is int, which 2147483648 is not'],
    [`kit.add(1, '2')`, 'argument 2 of add is int, which a value of type string is not'],
    ['kit.twice(-1)', 'is unsigned, which -1 is not'],
    ['kit.far_sum(1, 2n)', 'is long long, which 1 is not'],
    ['kit.far_sum(2n ** 63n, 2n)', 'is long long, which 9223372036854775808n is not'],
    ['kit.far_next(-1n)', 'is unsigned long long, which -1n is not'],
    ['kit.half(null)', 'is float, which null is not'],
    ['kit.third(1n)', 'is double, which 1n is not'],
    ['kit.sum([1, 2])', 'const double* of sum is Float64Array, or a chunk, not a value of type object'],
    ['kit.sum(new Float32Array(2))', 'const double* of sum is Float64Array'],
    [`kit.sum('12345678')`, 'const double* of sum is Float64Array'],
    [`kit.scale('abcd', 2)`, 'float* of scale is Float32Array, not'],
  ])('refuses wrong arguments: %s', async (call, why) => {
    expect(await resultOf(`return failure(() => ${call})`)).toEqual([
      true,
      'KERNEL_PROTOTYPE',
      expect.stringContaining(why),
    ])
  })

  test.each([
    ['trap()', 'unreachable'],
    ['divide(1, 0)', 'divide by zero'],
    ['divide(-(2 ** 31), -1)', 'divide result unrepresentable'],
    ['beyond(1)', 'memory access out of bounds'],
    ['deep(1)', 'memory access out of bounds'],
  ])('traps and is reset, and the agent continues: %s', async (call, why) => {
    expect(
      await resultOf(`kit.touch(); const caught = await failure(() => kit.${call})
        return [...caught, kit.touched(), kit.fib(10), kit.sum(new Float64Array([1, 2]))]`),
    ).toEqual([true, 'KERNEL_TRAPPED', expect.stringContaining(why), 0, 55, 3])
  })

  test('that traps and is not caught ends the run with its code', async () => {
    const { outcome } = await sandbox.runModule(withKit('kit.trap()'), { kernels })
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'KERNEL_TRAPPED', name: 'KernelError' } })
  })

  test('can not be called while the agent’s module loads', async () => {
    const main = withKit('return 1', 'kit.fib(1)')
    expect((await sandbox.runModule(main, { kernels })).outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'AGENT_INVALID', message: expect.stringContaining('fib is not linked yet') },
    })
  })

  test('that the bundle does not have fails the run before the agent is called', async () => {
    const main = `import { agent, bundledKernel, log } from 'lander/agent'; const k = bundledKernel('none', {}); export default agent(() => log('never'))`
    const { outcome, logs } = await sandbox.runModule(main, { kernels })
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'KERNEL_UNKNOWN' } })
    expect(logs).toEqual([])
  })

  test('that does not compile fails the run with the compiler’s message', async () => {
    const main = `import { agent, bundledKernel } from 'lander/agent'; bundledKernel('bad', { f: 'int()' }); export default agent(() => 1)`
    const { outcome } = await sandbox.runModule(main, { kernels: supplyKernels({ bad: 'int f(void) { return x; }' }) })
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'KERNEL_COMPILE_FAILED', message: expect.stringMatching(/kernel\.c:1:\d+.*x/) },
    })
  })

  test.each([
    [{ fib: 'int(int, int)' }, "means (i32, i32) → (i32), but the kernel's function is (i32) → (i32)"],
    [{ third: 'float(double)' }, "means (f64) → (f32), but the kernel's function is (f64) → (f64)"],
    [{ nothing: 'int()' }, 'the kernel has no function "nothing"; it exports fib, add, twice'],
    [{ calls: 'int()' }, 'the kernel has no function "calls"'],
    [{ fib: 'what(int)' }, `a kernel can't return "what"`],
  ])('must match its prototype: %o', async (prototypes, why) => {
    const main = `import { agent, bundledKernel } from 'lander/agent'; bundledKernel('kit', ${JSON.stringify(prototypes)}); export default agent(() => 1)`
    const { outcome } = await sandbox.runModule(main, { kernels })
    expect(outcome).toMatchObject({ kind: 'failed' })
    expect(JSON.stringify(outcome).replaceAll('\\"', '"')).toContain(why)
  })

  test('is unknown if the bundle has none', async () => {
    const { outcome } = await sandbox.runModule(withKit('return 1'))
    const message = expect.stringContaining('the bundle has no kernels')
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'AGENT_INVALID', message } })
  })
})

const SCRIPT = `
export function mean(xs: Float64Array): f64 { let total: f64 = 0; for (let i = 0; i < xs.length; i++) total += xs[i]; return total / xs.length }
export function twice(xs: Float32Array): void { for (let i = 0; i < xs.length; i++) xs[i] *= 2 }
export function vowels(text: string): i32 { let n = 0; for (let i = 0; i < text.length; i++) if ("aeiouü".includes(text.charAt(i))) n++; return n }
export function third(at: i32): i32 { const few: i32[] = [1]; return few[at] }
export function far(a: i64, b: u32): i64 { return a + i64(b) }
let calls = 0
export function tick(): i32 { return ++calls }
`

describe('a kernel in AssemblyScript', () => {
  test('takes numbers, arrays and text, keeps its variables, and traps like any other', async () => {
    const { binary, prototypes } = await compileHere(SCRIPT, 'assemblyscript')
    const main = `import { agent, bundledKernel } from 'lander/agent'
      const kit = bundledKernel('script', ${JSON.stringify(Object.fromEntries(prototypes!))})
      export default agent(() => {
        const xs = new Float32Array([1, 2.5]); kit.twice(xs)
        const means = [10, 100_000, 3].map((n) => kit.mean(new Float64Array(n).fill(n)))
        kit.tick(); const ticks = kit.tick()
        let caught; try { kit.third(3) } catch (error) { caught = error.code }
        return [Array.from(xs), means, kit.vowels('grün, and more of it'.repeat(100)), String(kit.far(2n ** 40n, 1)), ticks, caught, kit.tick(), kit.vowels('aa')]
      })`
    const { outcome } = await sandbox.runModule(main, { kernels: supplyKernels({ script: binary }) })
    expect(outcome).toEqual({
      kind: 'completed',
      value: [[2, 5], [10, 100_000, 3], 600, `${2 ** 40 + 1}`, 2, 'KERNEL_TRAPPED', 1, 2],
    })
  })
})

const PLUS = (by: string) => `int f(int x) { return x < 2 ? x : f(x - 1) ${by} f(x - 2); }`

describe('a kernel that is defined while the agent runs', () => {
  test('comes from the bundle when its source was a literal, and needs no permission', async () => {
    expect(await resultOf(`const fib = await defc('fib', 'int(int)', { kernel: 'kit' }); return fib(10)`)).toBe(55)
    expect(
      await resultOf(
        `const { add, half } = await kernel({ kernel: 'kit' }, { add: 'int(int, int)', half: 'float(float)' }); return add(1, 2) + half(1)`,
      ),
    ).toBe(3.5)
  })

  test('is replaced by the next one of its name, also for holders of the old function', async () => {
    const body = `const first = await defc('f', 'int(int)', ${JSON.stringify(PLUS('+'))})
      const before = first(10)
      const second = await defc('f', 'int(int)', ${JSON.stringify(PLUS('+ 998 +'))})
      return [before, first(2), second(2)]`
    expect(await resultOf(body, { compiles: true })).toEqual([55, 999, 999])
  })

  test('may have another prototype the next time', async () => {
    const body = `const first = await defc('f', 'int(int)', 'int f(int x) { return x + 1; }')
      const second = await defc('f', 'double(double, double)', 'double f(double x, double y) { return x * y; }')
      return [second(1.5, 2), first(1.5, 4), (await failure(() => first(1)))[1]]`
    expect(await resultOf(body, { compiles: true })).toEqual([3, 6, 'KERNEL_PROTOTYPE'])
  })

  test('that does not compile does not replace the old one', async () => {
    const body = `const f = await defc('f', 'int(int)', 'int f(int x) { return x + 1; }')
      const caught = await failure(() => defc('f', 'int(int)', 'int f(int x) { return y; }'))
      return [caught, f(1)]`
    const [caught, value] = (await resultOf(body, { compiles: true })) as [unknown[], number]
    expect(caught).toEqual([true, 'KERNEL_COMPILE_FAILED', expect.stringContaining('kernel.c:1:')])
    expect(value).toBe(2)
  })

  test('from source or a binary needs permission', async () => {
    const binary = Array.from(await supplyKernels({ kit: KIT }).byName('kit'))
    for (const define of [
      `defc('f', 'int(int)', 'int f(int x) { return x; }')`,
      'kernel(new Uint8Array(input), { add: "int(int, int)" })',
    ])
      expect(await resultOf(`return failure(() => ${define})`, { input: binary })).toEqual([
        true,
        'KERNEL_NOT_ALLOWED',
        expect.stringContaining('--compiles'),
      ])
  })

  test('may not have a source above the limit', async () => {
    const body =
      "return failure(() => defc('f', 'int(int)', '/*' + 'x'.repeat(300_000) + '*/ int f(int x) { return x; }'))"
    expect(await resultOf(body, { compiles: true })).toEqual([
      true,
      'KERNEL_TOO_LARGE',
      expect.stringContaining('262144'),
    ])
  })

  test('may be a binary that the agent has read', async () => {
    const binary = await supplyKernels({ kit: KIT }).byName('kit')
    const body = `const bytes = await (await here.open('kit.wasm')).bytes()
      const { add } = await kernel(bytes, { add: 'int(int, int)' }); return add(40, 2)`
    expect(await resultOf(body, { compiles: true, objects: { 'kit.wasm': binary } })).toBe(42)
  })

  test.each([
    ['nothing', [], 'it is truncated'],
    ['a start section', [0, 97, 115, 109, 1, 0, 0, 0, 8, 1, 0], 'start section'],
    ['an old version', [0, 97, 115, 109, 2, 0, 0, 0], 'version 1'],
  ])('is refused as a binary with %s', async (_what, bytes, why) => {
    expect(
      await resultOf(`return failure(() => kernel(new Uint8Array(input), {}))`, { input: bytes, compiles: true }),
    ).toEqual([true, 'KERNEL_MALFORMED', expect.stringContaining(why)])
  })
})

describe('a kernel and an agent that moves', () => {
  test('is linked and initialised again where the agent lands', async () => {
    const body = `kit.touch(); kit.touch()
      const add = await defc('plus', 'int(int, int)', 'int plus(int a, int b) { return a + b; }')
      const more = await kernel(await (await here.open('kit.wasm')).bytes(), { half: 'float(float)' })
      const before = [kit.fib(10), add(1, 2), more.half(1), kit.touched()]
      await hop('eu-1')
      return [before, [kit.fib(10), add(1, 2), more.half(1), kit.touched()]]`
    const objects = { 'kit.wasm': await supplyKernels({ kit: KIT }).byName('kit') }
    const { outcome } = await sandbox.travelModule(withKit(body), { kernels, compiles: true, objects })
    expect(outcome).toMatchObject({
      kind: 'completed',
      value: [
        [55, 3, 0.5, 2],
        [55, 3, 0.5, 0],
      ],
    })
  })

  test('leaves nothing of its last call in the snapshot', async () => {
    const body = `kit.third(input * 7); await hop('eu-1'); return 1`
    const { landings } = await sandbox.travelModule(withKit(body), { kernels, input: Math.PI })
    const { outcome } = landings[0]!.result
    const words = Buffer.from(new Float64Array([Math.PI * 7, (Math.PI * 7) / 3]).buffer)
    expect(outcome.kind).toBe('departed')
    const state = Buffer.from((outcome as { state: Uint8Array }).state)
    expect([state.includes(words.subarray(0, 8)), state.includes(words.subarray(8))]).toEqual([false, false])
  })

  test('serves its copies', async () => {
    const body = `const add = await defc('plus', 'int(int, int)', 'int plus(int a, int b) { return a + b; }')
      const there = await Promise.all(['eu-1', 'ap-1'].map((region, index) => at(region, () => [add(index, 10), kit.fib(10)])))
      return [there, add(1, 1)]`
    const { outcome } = await sandbox.travelModule(withKit(body), { kernels, compiles: true })
    expect(outcome).toMatchObject({
      value: [
        [
          [10, 55],
          [11, 55],
        ],
        2,
      ],
    })
  })

  test('must be allowed where the agent lands, too', async () => {
    const body = `const add = await defc('plus', 'int(int, int)', 'int plus(int a, int b) { return a + b; }'); await hop('eu-1'); return add(1, 2)`
    const { outcome } = await sandbox.travelModule(withKit(body), {
      kernels,
      compiles: true,
      dataOf: (region) => ({ compiles: region !== 'eu-1' }),
    })
    expect(outcome).toMatchObject({ kind: 'failed' })
  })

  test('leaves a chunk behind when it hops', async () => {
    const body = `for await (const chunk of (await here.open('a')).chunks()) { await hop('eu-1'); return failure(() => kit.count(chunk)) }`
    const { outcome } = await sandbox.travelModule(withKit(body), { kernels, objects: { a: 'x' } })
    expect(outcome).toMatchObject({ value: [false, 'OBJECT_LEFT_BEHIND', expect.anything()] })
  })

  test('finds its chunk again when it lands in the same place', async () => {
    const body = `let lines = 0
      for await (const chunk of (await here.open('a')).chunks()) { await sleep(100); lines += kit.count(chunk); await sleep(20); lines += kit.count(chunk) }
      return lines`
    let left = 2
    const { outcome, landings } = await sandbox.travelModule(withKit(body), {
      kernels,
      objects: { a: 'x\n'.repeat(1_500_000) },
      evict: () => (left-- > 0 ? AbortSignal.timeout(80) : undefined),
    })
    expect(outcome).toMatchObject({ kind: 'completed', value: 3_000_000 })
    expect(landings.length).toBe(3)
  })

  test('delays an eviction until it has returned', async () => {
    let release: () => void = () => {}
    const asked = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = supplyKernels({ kit: KIT })
    const evict = new AbortController()
    const waiting = {
      byName: slow.byName,
      async compile(source: string, language: 'c' | 'assemblyscript') {
        evict.abort()
        await asked
        return slow.compile(source, language)
      },
    }
    let landings = 0
    const body = `const add = await defc('plus', 'int(int, int)', 'int plus(int a, int b) { return a + b; }'); return add(1, 2)`
    setTimeout(release, 50)
    const { outcome } = await sandbox.travelModule(withKit(body), {
      kernels: waiting,
      compiles: true,
      evict: () => (landings++ === 0 ? evict.signal : undefined),
    })
    expect(outcome).toMatchObject({ kind: 'completed', value: 3 })
    expect(landings).toBe(2)
  })
})

describe('memory of kernels', () => {
  test('counts, both the initial memory and its growth', async () => {
    const { outcome, usage } = await sandbox.runModule(withKit('return kit.grow(100)'), { kernels })
    expect(outcome).toMatchObject({ kind: 'completed' })
    expect(usage.memoryPages).toBeGreaterThan(120)
  })

  test('that is too large initially is refused', async () => {
    const large = supplyKernels({ large: 'static char room[2 << 20]; int f(int i) { return room[i]++; }' })
    const main = `import { agent, bundledKernel } from 'lander/agent'; bundledKernel('large', { f: 'int(int)' }); export default agent(() => 1)`
    const { outcome } = await sandbox.runModule(main, { kernels: large, limits: { memoryPages: 48 } })
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'KERNEL_MEMORY' } })
  })

  test('that grows over the limit ends the run', async () => {
    const { outcome } = await sandbox.runModule(withKit('kit.grow(200); return 1'), {
      kernels,
      limits: { memoryPages: 128 },
    })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'memoryPages' })
  })

  test('never grows beyond its own maximum', async () => {
    expect(await resultOf('return [kit.grow(5000), kit.fib(5)]', { limits: { memoryPages: 4096 } })).toEqual([-1, 5])
  })
})
