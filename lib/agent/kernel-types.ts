/** Translates the C prototype of a kernel's function into the type of a TypeScript function. */
import type { Chunk } from './chunk.ts'

/** The typed arrays that can hold elements of a C type. */
interface Arrays {
  readonly char: Uint8Array | Int8Array
  readonly int8_t: Int8Array
  readonly uint8_t: Uint8Array | Uint8ClampedArray
  readonly int16_t: Int16Array
  readonly uint16_t: Uint16Array
  readonly int32_t: Int32Array
  readonly uint32_t: Uint32Array
  readonly int64_t: BigInt64Array
  readonly uint64_t: BigUint64Array
  readonly float: Float32Array
  readonly double: Float64Array
}

/** Elements that a string can stand for: it is passed as UTF-8. */
type TextElement = 'char' | 'uint8_t'

type Words<Text extends string> = Text extends ` ${infer Rest}` | `${infer Rest} ` ? Words<Rest> : Text

type Scalar<Word extends string> = Word extends 'long long' | 'unsigned long long' | 'int64_t' | 'uint64_t'
  ? bigint
  : number

/** What may be passed for a pointer. A parameter name behind the star is ignored. */
type ViewOf<Word extends string> = Word extends `const ${infer Element}*${string}`
  ? ConstView<Words<Element>>
  : Word extends `${infer Element}*${string}`
    ? ArrayFor<Words<Element>>
    : never

type ArrayFor<Element extends string> = Element extends keyof Arrays ? Arrays[Element] : ArrayBufferView
type ConstView<Element extends string> = ArrayFor<Element> | Chunk | (Element extends TextElement ? string : never)

type Split<List extends string> = List extends `${infer First},${infer Rest}`
  ? [Words<First>, ...Split<Rest>]
  : [Words<List>]

/** A pointer and the `size_t` behind it become one argument. */
type Arguments<Parameters extends readonly string[]> = Parameters extends readonly [
  infer First extends string,
  ...infer Rest extends readonly string[],
]
  ? First extends 'bytes'
    ? [ConstView<'uint8_t'>, ...Arguments<Rest>]
    : First extends `${string}*${string}`
      ? Rest extends readonly [string, ...infer Others extends readonly string[]]
        ? [ViewOf<First>, ...Arguments<Others>]
        : [ViewOf<First>]
      : [Scalar<ScalarName<First>>, ...Arguments<Rest>]
  : []

/** Drops the parameter's name: `long long count` is a `long long`. */
type ScalarName<Word extends string> =
  Word extends `${infer Type extends 'long long' | 'unsigned long long' | 'int64_t' | 'uint64_t'}${string}`
    ? Type
    : Word

/**
 * A kernel's function. `int`, `unsigned`, `size_t`, `float` and `double` are numbers; integers of 64 bits are BigInts.
 * A pointer with its `size_t` is one typed array. A `const` pointer also takes a chunk, and `const` bytes a string.
 *
 * @example
 * type Count = KernelFunction<'size_t(const uint8_t*, size_t)'> // (view: Uint8Array | … | Chunk | string) => number
 */
export type KernelFunction<Prototype extends string = string> = string extends Prototype
  ? // biome-ignore lint/suspicious/noExplicitAny: what it gives is not known before its prototype is
    (...values: KernelValue[]) => any
  : Words<Prototype> extends `${infer Result}(${infer List})`
    ? (...values: Words<List> extends '' | 'void' ? [] : Arguments<Split<List>>) => ResultOf<Words<Result>>
    : never

type ResultOf<Word extends string> = Word extends 'void' ? undefined : Scalar<Word>

/** Every value that a kernel's function can take. */
export type KernelValue = number | bigint | string | ArrayBufferView | Chunk

/** The functions of a kernel, by name. */
export type KernelFunctions<Prototypes extends Readonly<Record<string, string>>> = {
  readonly [Name in keyof Prototypes]: KernelFunction<Prototypes[Name]>
}
