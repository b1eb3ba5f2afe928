import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ensureCompilerAsset } from '../../lib/bundle/compiler-asset.ts'
import { createKernelCompiler, type KernelCompiler } from '../../lib/kernels/compiler.ts'
import { MAX_SOURCE_BYTES } from '../../lib/kernels/language.ts'
import { ASSEMBLYSCRIPT_VERSION, CLANG_VERSION, versionFile } from '../../lib/kernels/toolchain.ts'
import { wasmModule } from '../support/wasm.ts'

let assets: string
let compiler: KernelCompiler
beforeAll(async () => {
  assets = await ensureCompilerAsset()
  compiler = createKernelCompiler({ assets })
})
afterAll(() => compiler.close())

/** A process that compiles one source in no time, and another for ever. */
const STAND_IN = `
const binary = Uint8Array.from([${wasmModule()}])
process.on('message', ({ id, source }) => {
  while (source === 'endless');
  process.send({ id, compiled: { binary, prototypes: new Map(), unusable: new Map() } })
})
process.on('disconnect', () => process.exit())
`

type Exports = Record<string, (...args: unknown[]) => number> & {
  memory: WebAssembly.Memory
  lander_reserve?: (bytes: number) => number
  _initialize?: () => void
}

async function link(source: string, language: 'c' | 'assemblyscript'): Promise<Exports> {
  const { binary } = await compiler.compile(source, language)
  const exports = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports as unknown as Exports
  exports._initialize?.()
  return exports
}

/** Puts a view where docs/kernels.md says it may lie. */
function place(exports: Exports, bytes: Uint8Array): number {
  const { memory, lander_reserve } = exports
  const start = lander_reserve ? lander_reserve(bytes.length + 128) : memory.grow(1) * 65_536
  const at = Math.ceil((start + 64) / 16) * 16
  new Uint8Array(memory.buffer).set(bytes, at)
  return at
}
const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

describe('C', () => {
  test('runs, and compiles to the same bytes each time', async () => {
    const source = 'int fib(int x) { return x < 2 ? x : fib(x - 1) + fib(x - 2); }'
    expect((await link(source, 'c')).fib!(20)).toBe(6765)
    const again = createKernelCompiler({ assets })
    const [one, two] = await Promise.all([compiler.compile(source, 'c'), again.compile(source, 'c')])
    again.close()
    expect(two).toEqual(one)
  })

  test('takes views, and has the headers that are documented', async () => {
    const source = `
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wasm_simd128.h>
bool same(const uint8_t *a, size_t n) { uint8_t copy[64]; memset(copy, 0, 64); memcpy(copy, a, n); return memcmp(a, copy, n) == 0; }
size_t text(const char *s, size_t n) { char z[64]; memmove(z, s, n); z[n] = 0; return strlen(z) * 100 + (memchr(z, 'b', n) != NULL); }
double norm(const double *v, size_t n) { double s = 0; for (size_t i = 0; i < n; i++) s += pow(v[i], 2.0); return sqrt(s) + floor(0.5) + DBL_EPSILON * 0; }
int heap(int n) { int *p = malloc(n * sizeof *p); for (int i = 0; i < n; i++) p[i] = abs(-i); int last = p[n - 1]; free(p); return last + INT_MAX * 0; }
int lanes(void) { v128_t v = wasm_i32x4_splat(7); return wasm_i32x4_extract_lane(wasm_i32x4_add(v, v), 2); }
double wave(double x) { return sin(x) * sin(x) + cos(x) * cos(x); }
int64_t wide(int64_t x) { return INT64_MAX - x; }
`
    const c = await link(source, 'c')
    const at = place(c, Buffer.from('abc'))
    expect(c.same!(at, 3)).toBe(1)
    expect(c.text!(at, 3)).toBe(301)
    expect(c.norm!(place(c, bytesOf(Float64Array.of(3, 4))), 2)).toBe(5)
    expect(c.heap!(1000)).toBe(999)
    expect(c.lanes!()).toBe(14)
    expect(c.wave!(0.7)).toBeCloseTo(1, 12)
    expect(c.wide!(1n)).toBe(2n ** 63n - 2n)
  })

  test('does not depend on time or computer', async () => {
    const source = 'int f(void) { return sizeof(__FILE__ __DATE__ __TIME__); }'
    expect((await link(source, 'c')).f!()).toBe('kernel.cJan  1 197000:00:00'.length + 1)
  })

  test.each([
    ['that does not parse', 'int f(int x) {\n  return x +;\n}', /^kernel\.c:2:13: error: expected expression$/],
    [
      'with a header that is not there',
      '#include <stdio.h>\n',
      /^kernel\.c:1:10: fatal error: 'stdio\.h' file not found$/,
    ],
    ['that reaches for the machine’s files', '#include "/etc/passwd"\n', /file not found/],
    ['that calls what is not there', 'int g(int);\nint f(int x) { return g(x); }', /undefined symbol: g/],
    ['that returns nothing where it should', 'int f(void) {}', /kernel\.c:1:14: error: .*-Wreturn-type/],
  ])('%s does not compile, and clang says why', async (_, source, message) => {
    await expect(compiler.compile(source, 'c')).rejects.toMatchObject({
      situation: 'kernel',
      code: 'KERNEL_COMPILE_FAILED',
      message: expect.stringMatching(message),
    })
  })

  test('can not write to files', async () => {
    const source = 'int puts(const char *);\nint f(void) { return puts("out"); }'
    await expect(compiler.compile(source, 'c')).rejects.toMatchObject({
      code: 'KERNEL_MALFORMED',
      message: expect.stringContaining('wasi_snapshot_preview1'),
    })
  })

  test('reports only a readable number of errors', async () => {
    const source = Array.from({ length: 500 }, (_, i) => `int f${i}(void) { return ${'y'.repeat(400)}${i}; }`).join(
      '\n',
    )
    const error = await compiler.compile(source, 'c').catch((e: Error) => e)
    expect((error as Error).message.length).toBeLessThanOrEqual(4097)
  })

  test('of more than 256 KB is not compiled', async () => {
    const source = `//${'x'.repeat(MAX_SOURCE_BYTES)}`
    await expect(compiler.compile(source, 'c')).rejects.toMatchObject({ code: 'KERNEL_COMPILE_FAILED' })
  })
})

describe('AssemblyScript', () => {
  test('takes the same views, and contains no allocator if it allocates nothing', async () => {
    const source = `
export function mean(xs: Float64Array): f64 { let t: f64 = 0; for (let i = 0; i < xs.length; i++) t += xs[i]; return t / xs.length }
export function invert(xs: Uint8Array): void { for (let i = 0; i < xs.length; i++) xs[i] = 255 - xs[i] }
export function third(xs: StaticArray<i32>): i32 { return xs[2] }
export function size(b: ArrayBuffer): i32 { return b.byteLength }
`
    const { binary, prototypes } = await compiler.compile(source, 'assemblyscript')
    expect(Object.fromEntries(prototypes)).toEqual({
      mean: 'double(const double*, size_t)',
      invert: 'void(uint8_t*, size_t)',
      third: 'int(const int32_t*, size_t)',
      size: 'int(uint8_t*, size_t)',
    })
    expect(binary.length).toBeLessThan(2048)
    const as = await link(source, 'assemblyscript')
    expect(as.lander_reserve).toBeUndefined()
    expect(as.mean!(place(as, bytesOf(Float64Array.of(1, 2, 6))), 3)).toBe(3)
    expect(as.third!(place(as, bytesOf(Int32Array.of(1, 2, 6))), 3)).toBe(6)
    const at = place(as, Uint8Array.of(1, 2))
    as.invert!(at, 2)
    expect([...new Uint8Array(as.memory.buffer, at, 2)]).toEqual([254, 253])
    expect(as.size!(at, 2)).toBe(2)
  })

  test('has a stack apart from the memory for views', async () => {
    const { odd, memory } = await link(
      'export function odd(bytes: Uint8Array): i32 { return bytes[0] & 1 }',
      'assemblyscript',
    )
    const before = new Uint8Array(memory.buffer).slice()
    expect(before.length).toBeGreaterThan(0)
    const at = memory.grow(1) * 65_536
    new Uint8Array(memory.buffer).fill(7, at)
    expect(odd!(at + 64, 60_000)).toBe(1)
    expect(new Uint8Array(memory.buffer, at + 64, 60_000).every((byte) => byte === 7)).toBe(true)
  })

  test('is the whole language: classes, maps, strings, closures over globals, a collector', async () => {
    const source = `
class Count { constructor(public word: string, public times: i32 = 0) {} }
const seen = new Map<string, Count>()
export function words(text: string): i32 {
  const all = text.split(' ')
  for (let i = 0; i < all.length; i++) {
    if (!seen.has(all[i])) seen.set(all[i], new Count(all[i]))
    seen.get(all[i]).times++
  }
  return seen.size
}
export function times(word: string): i32 { return seen.has(word) ? seen.get(word).times : 0 }
`
    const as = await link(source, 'assemblyscript')
    const text = Buffer.from('to be or not to bé')
    for (let i = 0; i < 200; i++) expect(as.words!(place(as, text), text.length)).toBe(5)
    expect(as.times!(place(as, Buffer.from('bé')), 3)).toBe(200)
  })

  test.each([
    ['that does not parse', 'export function f(: i32 {', /^kernel\.as\.ts:1:18: error: /],
    ['of the wrong type', 'export function f(): i32 {\n  return "x"\n}', /^kernel\.as\.ts:2:10: error: Type/],
    ['that imports a file', "import { x } from './x'\nexport function f(): i32 { return x }", /not found/],
  ])('%s does not compile, and the compiler says why', async (_, source, message) => {
    await expect(compiler.compile(source, 'assemblyscript')).rejects.toMatchObject({
      code: 'KERNEL_COMPILE_FAILED',
      message: expect.stringMatching(message),
    })
  })

  test('can not read the time', async () => {
    const source = 'export function f(): f64 { return Date.now() as f64 }'
    await expect(compiler.compile(source, 'assemblyscript')).rejects.toMatchObject({
      code: 'KERNEL_MALFORMED',
      message: expect.stringContaining('Date.now'),
    })
  })
})

describe('the compiler’s process', () => {
  /** 10¹¹ tokens of 1 KB of source. */
  const endless = `${Array.from({ length: 12 }, (_, i) => `#define A${i} ${i ? `A${i - 1} `.repeat(10) : '1 +'}`).join('\n')}
int f(void) { return A11 0; }`

  test('is killed when a compile takes too long', async () => {
    const short = createKernelCompiler({ assets, deadlineMs: 3000 })
    await expect(short.compile(endless, 'c')).rejects.toMatchObject({ code: 'KERNEL_TIMEOUT' })
    short.close()
  })

  test('is replaced for waiting requests after it was killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lander-compiler-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'compiler.mjs'), STAND_IN)
    const short = createKernelCompiler({ assets: folder, deadlineMs: 4000 })
    const [first, second] = await Promise.allSettled([short.compile('endless', 'c'), short.compile('short', 'c')])
    short.close()
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'KERNEL_TIMEOUT' } })
    expect(second).toMatchObject({ status: 'fulfilled', value: { binary: wasmModule() } })
  })

  test('fails only the current request when it exits by itself', async () => {
    const gone = createKernelCompiler({ assets: '/nowhere' })
    await expect(gone.compile('int f(void) { return 1; }', 'c')).rejects.toMatchObject({
      code: 'KERNEL_COMPILE_FAILED',
    })
  })

  test('fails all waiting requests when it is closed', async () => {
    const closed = createKernelCompiler({ assets })
    const waiting = [1, 2].map((i) => closed.compile(`int f(void) { return ${i}; }`, 'c'))
    closed.close()
    for (const each of await Promise.allSettled(waiting)) expect(each.status).toBe('rejected')
  })
})

describe('a compiler that is not installed', () => {
  async function compilerWithout(): Promise<{ folder: string; without: KernelCompiler }> {
    const folder = await mkdtemp(join(tmpdir(), 'lander-compiler-'))
    await copyFile(join(assets, 'compiler.mjs'), join(folder, 'compiler.mjs'))
    const without = createKernelCompiler({ assets: folder })
    onTestFinished(async () => {
      without.close()
      await rm(folder, { recursive: true, force: true })
    })
    return { folder, without }
  }

  test.each([
    ['c', `@yowasp/clang@${CLANG_VERSION}`],
    ['assemblyscript', `assemblyscript@${ASSEMBLYSCRIPT_VERSION}`],
  ] as const)('is reported for %s, with the command that adds it', async (language, wanted) => {
    const { without } = await compilerWithout()
    await expect(without.compile('', language)).rejects.toMatchObject({
      code: 'KERNEL_UNREACHABLE',
      remedy: expect.stringContaining(`npm install ${wanted} `),
    })
  })

  test('is reported also if another version is there, which would give other bytes', async () => {
    const { folder, without } = await compilerWithout()
    await writeFile(join(folder, 'assemblyscript.mjs'), 'export const asc = {}, parser = {}')
    await writeFile(join(folder, versionFile('assemblyscript')), '0.27.0')
    await expect(without.compile('', 'assemblyscript')).rejects.toMatchObject({ code: 'KERNEL_UNREACHABLE' })
  })

  test('is used as soon as it is there', async () => {
    const { folder, without } = await compilerWithout()
    const source = 'export function one(): i32 { return 1 }'
    await expect(without.compile(source, 'assemblyscript')).rejects.toMatchObject({ code: 'KERNEL_UNREACHABLE' })
    for (const name of ['assemblyscript.mjs', versionFile('assemblyscript')])
      await copyFile(join(assets, name), join(folder, name))
    expect((await without.compile(source, 'assemblyscript')).binary.length).toBeGreaterThan(0)
  })
})
