/**
 * The headers that a kernel in C may include. They use clang's built-in types and functions, and declare the functions
 * that are linked from musl. There is no other library. `wasm_simd128.h` comes with clang.
 */

const STDINT = `#pragma once
${[8, 16, 32, 64]
  .flatMap((bits) => [
    `typedef __INT${bits}_TYPE__ int${bits}_t;`,
    `typedef __UINT${bits}_TYPE__ uint${bits}_t;`,
    `#define INT${bits}_MAX __INT${bits}_MAX__`,
    `#define INT${bits}_MIN (-__INT${bits}_MAX__ - 1)`,
    `#define UINT${bits}_MAX __UINT${bits}_MAX__`,
    `#define INT${bits}_C(c) __INT${bits}_C(c)`,
    `#define UINT${bits}_C(c) __UINT${bits}_C(c)`,
  ])
  .join('\n')}
typedef __INTPTR_TYPE__ intptr_t;
typedef __UINTPTR_TYPE__ uintptr_t;
#define INTPTR_MAX __INTPTR_MAX__
#define UINTPTR_MAX __UINTPTR_MAX__
#define SIZE_MAX __SIZE_MAX__
`

const STDDEF = `#pragma once
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
#define NULL ((void *)0)
#define offsetof(type, member) __builtin_offsetof(type, member)
`

const STDBOOL = `#pragma once
#define bool _Bool
#define true 1
#define false 0
`

/** With bulk memory, clang compiles the first three to one instruction each. */
const STRING = `#pragma once
#include <stddef.h>
#define memcpy(to, from, n) __builtin_memcpy(to, from, n)
#define memmove(to, from, n) __builtin_memmove(to, from, n)
#define memset(to, byte, n) __builtin_memset(to, byte, n)
int memcmp(const void *, const void *, size_t);
void *memchr(const void *, int, size_t);
size_t strlen(const char *);
int strcmp(const char *, const char *);
int strncmp(const char *, const char *, size_t);
`

/** Functions that are WebAssembly instructions, by the name of clang's builtin. */
const NATIVE = ['sqrt', 'fabs', 'floor', 'ceil', 'trunc', 'copysign']
/** Functions of musl. */
const LINKED_OF_ONE = [
  ...['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'],
  ...['exp', 'exp2', 'expm1', 'log', 'log2', 'log10', 'log1p', 'cbrt', 'round', 'rint', 'nearbyint'],
]
const LINKED_OF_TWO = ['pow', 'atan2', 'hypot', 'fmod', 'remainder', 'fmin', 'fmax', 'fdim']

const forBoth = (line: (suffix: '' | 'f', type: 'double' | 'float') => string) => [
  line('', 'double'),
  line('f', 'float'),
]

const MATH = `#pragma once
#define M_PI 3.14159265358979323846
#define M_E 2.7182818284590452354
#define M_LN2 0.69314718055994530942
#define M_SQRT2 1.41421356237309504880
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define HUGE_VAL __builtin_huge_val()
#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)
#define isfinite(x) __builtin_isfinite(x)
#define signbit(x) __builtin_signbit(x)
${NATIVE.map((name) => {
  const [params, args] = name === 'copysign' ? ['x, y', 'x, y'] : ['x', 'x']
  return forBoth((suffix) => `#define ${name}${suffix}(${params}) __builtin_${name}${suffix}(${args})`).join('\n')
}).join('\n')}
${LINKED_OF_ONE.map((name) => forBoth((suffix, type) => `${type} ${name}${suffix}(${type});`).join('\n')).join('\n')}
${LINKED_OF_TWO.map((name) => forBoth((suffix, type) => `${type} ${name}${suffix}(${type}, ${type});`).join('\n')).join('\n')}
`

const STDLIB = `#pragma once
#include <stddef.h>
void *malloc(size_t);
void *calloc(size_t, size_t);
void *realloc(void *, size_t);
void free(void *);
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
int abs(int);
long labs(long);
long long llabs(long long);
#define abort() __builtin_trap()
`

const LIMITS = `#pragma once
#define CHAR_BIT 8
#define SCHAR_MIN (-128)
#define SCHAR_MAX 127
#define UCHAR_MAX 255
#define CHAR_MIN SCHAR_MIN
#define CHAR_MAX SCHAR_MAX
#define SHRT_MIN (-32768)
#define SHRT_MAX 32767
#define USHRT_MAX 65535
#define INT_MIN (-__INT_MAX__ - 1)
#define INT_MAX __INT_MAX__
#define UINT_MAX (__INT_MAX__ * 2U + 1U)
#define LONG_MIN (-__LONG_MAX__ - 1L)
#define LONG_MAX __LONG_MAX__
#define ULONG_MAX (__LONG_MAX__ * 2UL + 1UL)
#define LLONG_MIN (-__LONG_LONG_MAX__ - 1LL)
#define LLONG_MAX __LONG_LONG_MAX__
#define ULLONG_MAX (__LONG_LONG_MAX__ * 2ULL + 1ULL)
`

const FLOAT = `#pragma once
#define FLT_EPSILON __FLT_EPSILON__
#define FLT_MIN __FLT_MIN__
#define FLT_MAX __FLT_MAX__
#define DBL_EPSILON __DBL_EPSILON__
#define DBL_MIN __DBL_MIN__
#define DBL_MAX __DBL_MAX__
`

/** The headers, by name. */
export const HEADERS: Readonly<Record<string, string>> = {
  'stdint.h': STDINT,
  'stddef.h': STDDEF,
  'stdbool.h': STDBOOL,
  'stdlib.h': STDLIB,
  'string.h': STRING,
  'math.h': MATH,
  'limits.h': LIMITS,
  'float.h': FLOAT,
}

/** The header that comes with clang. */
export const SIMD_HEADER = 'wasm_simd128.h'
