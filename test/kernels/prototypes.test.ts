import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lowerFunction, onlyReads } from '../../lib/kernels/assemblyscript/prototypes.ts'
import { readCPrototypes } from '../../lib/kernels/c/prototypes.ts'
import { parsePrototype } from '../../lib/kernels/signature.ts'

const read = (source: string) => Object.fromEntries(readCPrototypes(source).prototypes)

describe('prototypes of C', () => {
  test.each([
    ['int f(int x) { return x; }', { f: 'int(int)' }],
    ['void f(void) {}', { f: 'void()' }],
    ['void f() {}', { f: 'void()' }],
    [
      'size_t\ncount(\n  const unsigned char *p,\n  size_t n)\n{ return n; }',
      { count: 'size_t(const uint8_t*, size_t)' },
    ],
    ['double f(double a, float b) { return a; }', { f: 'double(double, float)' }],
    ['void scale(float *v, size_t n, double by) {}', { scale: 'void(float*, size_t, double)' }],
    ['int64_t f(uint64_t x) { return x; }', { f: 'long long(unsigned long long)' }],
    ['unsigned f(const int32_t v[], size_t n) { return 0; }', { f: 'unsigned(const int32_t*, size_t)' }],
    ['int f(const void *p, size_t n) { return 0; }', { f: 'int(const uint8_t*, size_t)' }],
    ['int f(const char *restrict s, size_t n) { return 0; }', { f: 'int(const char*, size_t)' }],
    ['__attribute__((noinline)) int f(int x) { return x; }', { f: 'int(int)' }],
    ['extern int f(int x) { return x; }', { f: 'int(int)' }],
  ])('%s', (source, expected) => {
    expect(read(source)).toEqual(expected)
  })

  test('are those of outermost definitions that are not static', () => {
    const source = `
#define HIDDEN int hidden(int x) { return x; }
// int commented(int x) { return x; }
/* int also(int x) { return x; } */
static int inner(int x) { if (x) { return 1; } return 0; }
static const char *text = "int quoted(int x) { return x; }";
struct point { int x; };
int declared(int x);
enum { A, B };
int outer(int x) { for (int i = 0; i < x; i++) { x += inner(i); } return x; }
`
    expect(read(source)).toEqual({ outer: 'int(int)' })
  })

  test('omit functions with unsupported types, and give the reason', () => {
    const { prototypes, unusable } = readCPrototypes(`
struct p { int x; };
int a(struct p *p) { return 0; }
char *b(int x) { return 0; }
int c(const int *p) { return 0; }
int d(int **p, size_t n) { return 0; }
int e(int (*f)(int)) { return 0; }
`)
    expect([...prototypes]).toEqual([])
    expect([...unusable.keys()]).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(unusable.get('c')).toMatch(/size_t/)
  })

  test('are read from any text without an exception', () => {
    const pieces = fc.constantFrom(
      'int',
      ' f',
      '(',
      ')',
      '{',
      '}',
      ';',
      '*',
      '[',
      ']',
      '"',
      "'",
      '//',
      '/*',
      '#',
      '\n',
      ',',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (words) => {
        for (const text of readCPrototypes(words.join('')).prototypes.values()) parsePrototype(text)
      }),
    )
  })
})

describe('prototypes of AssemblyScript', () => {
  const lower = (params: [name: string, type: string][], result: string, body = '{}') =>
    lowerFunction({ name: 'f', params: params.map(([name, type]) => ({ name, type })), result, body })?.prototype

  test('are spelled in C', () => {
    expect(lower([], 'void')).toBe('void(void)')
    expect(
      lower(
        [
          ['x', 'i32'],
          ['y', 'u64'],
          ['z', 'bool'],
        ],
        'f32',
      ),
    ).toBe('float(int, unsigned long long, int)')
    expect(lower([['s', 'string']], 'i32')).toBe('int(const char*, size_t)')
    expect(lower([['b', 'ArrayBuffer']], 'i32')).toBe('int(uint8_t*, size_t)')
    expect(lower([['v', 'StaticArray<f64>']], 'i8', '{ return <i8>v[0] }')).toBe('int(const double*, size_t)')
    parsePrototype('void(void)')
  })

  test.each([
    ['an array of its own', 'Array<i32>'],
    ['a class', 'Point'],
    ['a narrow number, whose upper bits would be anything', 'u8'],
    ['what may be null', 'string|null'],
  ])('can not say %s', (_, type) => {
    expect(lower([['x', type]], 'void')).toBeUndefined()
  })

  test.each([
    ['t += xs[i]', true],
    ['for (let i = 0; i < xs.length; i++) if (xs[i] == 3) n += xs[xs[i]]', true],
    ['return axs + xs[0] >= 1', true],
    ['xs[i] = 1', false],
    ['xs [ ys[0] ] += 1', false],
    ['xs[0]++', false],
    ['--xs[0]', false],
    ['xs[i] <<= 2', false],
    ['xs[i] >>>= 2', false],
    ['fill(xs)', false],
    ['xs.fill(0)', false],
    ['let ys = xs', false],
  ])('%s reads only: %s', (body, expected) => {
    expect(onlyReads('xs', body)).toBe(expected)
  })
})
