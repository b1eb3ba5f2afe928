import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureCompilerAsset } from '../../lib/bundle/compiler-asset.ts'
import { mayRecurse, twinRecursive } from '../../lib/kernels/c/recursion.ts'
import { createKernelCompiler, type KernelCompiler } from '../../lib/kernels/compiler.ts'

const FIB = 'int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }'

let compiler: KernelCompiler
beforeAll(async () => {
  compiler = createKernelCompiler({ assets: await ensureCompilerAsset() })
})
afterAll(() => compiler.close())

async function call(source: string, name: string, ...args: readonly number[]): Promise<number> {
  const { binary } = await compiler.compile(source, 'c')
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary))
  return (exports[name] as (...args: readonly number[]) => number)(...args)
}

describe('functions that call themselves', () => {
  test.each([
    ['fib', FIB, [20], 6765],
    ['ack', 'int ack(int m, int n) { return m ? ack(m - 1, n ? ack(m, n - 1) : 1) : n + 1; }', [2, 9], 21],
    ['gcd', 'int gcd(int a, int b) { return b == 0 ? a : gcd(b, a % b); }', [1071, 462], 21],
    [
      'calls',
      'static int n; static int down(int x) { static int seen; seen++; return x ? down(x - 1) + 1 : seen; } int calls(int x) { return down(x) + n; }',
      [5],
      11,
    ],
    [
      'even',
      'int odd(int); int even(int n) { return n ? odd(n - 1) : 1; } int odd(int n) { return n ? even(n - 1) : 0; }',
      [10],
      1,
    ],
    [
      'twice',
      'typedef int (*f)(int); int twice(int n) { f again = twice; return n > 0 ? again(n - 1) + twice(n - 2) : 1; }',
      [6],
      21,
    ],
  ] as const)('%s gives what it gave', async (name, source, args, value) => {
    expect(await call(source, name, ...args)).toBe(value)
  })

  test('call a twin, which is inlined completely', async () => {
    const { binary } = await compiler.compile(FIB, 'c')
    const module = new WebAssembly.Module(binary)
    expect(WebAssembly.Module.exports(module).map(({ name }) => name)).not.toContain('fib.again')
    expect(Buffer.from(binary).toString('latin1')).not.toContain('again')
  })

  test('have errors that name the function of the source', async () => {
    const broken = compiler.compile('int fib(int n) {\n  return fib(n - 1) + fob(n);\n}', 'c')
    await expect(broken).rejects.toMatchObject({
      code: 'KERNEL_COMPILE_FAILED',
      message: expect.stringContaining('kernel.c:2:23'),
    })
  })
})

describe('a module in LLVM’s language', () => {
  const DEFINITION = `define hidden i32 @fib(i32 noundef %0) #0 {
  %2 = call i32 @fib(i32 noundef %0)
  %3 = call i32 @other(ptr @fib)
  ret i32 %2
}`

  test('has a twin for each recursive function, and the two call each other', () => {
    expect(twinRecursive(DEFINITION)).toBe(`${DEFINITION.replace('call i32 @fib(', 'call i32 @fib.again(')}

define internal i32 @fib.again(i32 noundef %0) #0 {
  %2 = call i32 @fib(i32 noundef %0)
  %3 = call i32 @other(ptr @fib)
  ret i32 %2
}`)
  })

  test('is unchanged without recursion', () => {
    const module = 'define i32 @one() {\n  %1 = call i32 @two(ptr @one)\n  ret i32 %1\n}'
    expect(twinRecursive(module)).toBe(module)
  })

  test('has no twin for a function that is too large to be inlined', () => {
    const large = DEFINITION.replace('  ret', `${'  call void @work()\n'.repeat(120)}  ret`)
    expect(twinRecursive(large)).toBe(large)
  })
})

test('a function that is named only once does not call itself', () => {
  expect(mayRecurse('int twice(int x) { return 2 * x; }')).toBe(false)
  expect(mayRecurse(FIB)).toBe(true)
})
