import { describe, expect, expectTypeOf, test } from 'vitest'
import { type Chunk, defc, here, type KernelFunction, kernel } from '../../lib/agent/index.ts'

type Bytes = Uint8Array | Uint8ClampedArray

describe('the type of a kernel’s function', () => {
  test('is derived from its prototype', () => {
    expectTypeOf<KernelFunction<'int(int)'>>().toEqualTypeOf<(a: number) => number>()
    expectTypeOf<KernelFunction<'void()'>>().toEqualTypeOf<() => undefined>()
    expectTypeOf<KernelFunction<'double(void)'>>().toEqualTypeOf<() => number>()
    expectTypeOf<KernelFunction<'long long(unsigned long long x, float y)'>>().toEqualTypeOf<
      (x: bigint, y: number) => bigint
    >()
    expectTypeOf<KernelFunction<'size_t(const uint8_t *bytes, size_t length)'>>().toEqualTypeOf<
      (bytes: Bytes | Chunk | string) => number
    >()
    expectTypeOf<KernelFunction<'size_t(bytes)'>>().toEqualTypeOf<(bytes: Bytes | Chunk | string) => number>()
    expectTypeOf<KernelFunction<'void(float*, size_t, double)'>>().toEqualTypeOf<
      (x: Float32Array, by: number) => undefined
    >()
    expectTypeOf<KernelFunction<'int64_t(const int64_t*, size_t, int)'>>().toEqualTypeOf<
      (x: BigInt64Array | Chunk, y: number) => bigint
    >()
  })

  test('accepts anything if the prototype is unknown', () => {
    expectTypeOf<ReturnType<KernelFunction>>().toBeAny()
  })

  test('is what defc and kernel return', () => {
    const define = () => defc('fib', 'int(int)', '')
    expectTypeOf(define).returns.resolves.toEqualTypeOf<(x: number) => number>()
    const link = () => kernel(new Uint8Array(), { add: 'int(int, int)', half: 'float(float)' })
    expectTypeOf(link).returns.resolves.toEqualTypeOf<{
      readonly add: (a: number, b: number) => number
      readonly half: (a: number) => number
    }>()
  })

  test('is the same in a worker', () => {
    const work = (count: KernelFunction<'size_t(bytes)'>) =>
      here.parallel(here.objects(), async (_object, worker) => worker.call(count, 'text'))
    expectTypeOf(work).returns.resolves.toEqualTypeOf<number[]>()
    expect(work).toBeTypeOf('function')
  })
})
