import { describe, expect, test } from 'vitest'
import { functionTypeOf, parsePrototype, spellSignature } from '../../lib/kernels/signature.ts'

describe('a prototype', () => {
  test.each([
    ['int(int)', 'int(int)'],
    ['int fib', undefined],
    ['void()', 'void()'],
    ['void(void)', 'void()'],
    ['size_t(bytes)', 'size_t(const uint8_t*, size_t)'],
    ['size_t(const uint8_t *data, size_t length)', 'size_t(const uint8_t*, size_t)'],
    [' double ( double const * restrict x , size_t n, double by ) ;', 'double(const double*, size_t, double)'],
    ['void(float *const x, size_t n)', 'void(float*, size_t)'],
    ['unsigned long long(unsigned, long long int count)', 'unsigned long long(unsigned, long long)'],
    ['int32_t(uint32_t, int64_t, uint64_t)', 'int(unsigned, long long, unsigned long long)'],
    ['void(unsigned char*, size_t, const short*, size_t)', 'void(uint8_t*, size_t, const int16_t*, size_t)'],
  ])('%s is read', (text, spelled) => {
    if (spelled === undefined) expect(() => parsePrototype(text)).toThrow('result(parameters)')
    else expect(spellSignature(parsePrototype(text))).toBe(spelled)
  })

  test.each([
    ['int(const int*)', 'after a pointer there must be a size_t'],
    ['int(int*, int)', 'after a pointer there must be a size_t'],
    ['int(char**, size_t)', 'is not a parameter'],
    ['int*(int)', 'is not of the form'],
    ['int(long)', `a kernel can't take "long"`],
    ['long(int)', `a kernel can't return "long"`],
    ['constructor(int)', `a kernel can't return "constructor"`],
    ['int(toString)', `a kernel can't take "toString"`],
    ['int(int, void)', `a kernel can't take "void"`],
    ['int(int (*)(int))', 'is not of the form'],
    [`int(${'int, '.repeat(16)}int)`, 'more than 16 parameters'],
    ['x'.repeat(2000), 'is not of the form'],
  ])('%s is refused', (text, why) => {
    expect(() => parsePrototype(text)).toThrow(expect.objectContaining({ code: 'KERNEL_PROTOTYPE' }))
    expect(() => parsePrototype(text)).toThrow(why)
  })

  test('determines the type of the function in the module', () => {
    expect(functionTypeOf(parsePrototype('double(const float*, size_t, long long, unsigned)'))).toEqual({
      params: ['i32', 'i32', 'i64', 'i32'],
      results: ['f64'],
    })
    expect(functionTypeOf(parsePrototype('void()'))).toEqual({ params: [], results: [] })
  })
})
