/** The signature of a kernel's function, parsed from a C prototype. */
import { KernelError } from '../errors.ts'
import type { FunctionType, ValueType } from './structure.ts'

export type ScalarType = 'int' | 'unsigned' | 'long long' | 'unsigned long long' | 'float' | 'double' | 'size_t'

export type ElementType =
  | 'char'
  | 'int8_t'
  | 'uint8_t'
  | 'int16_t'
  | 'uint16_t'
  | 'int32_t'
  | 'uint32_t'
  | 'int64_t'
  | 'uint64_t'
  | 'float'
  | 'double'

export type Parameter =
  | { readonly kind: 'scalar'; readonly type: ScalarType }
  /** A pointer with the number of its elements: one argument. `writes` says whether the kernel may write to it. */
  | { readonly kind: 'view'; readonly element: ElementType; readonly writes: boolean }

export interface Signature {
  readonly result: ScalarType | 'void'
  readonly parameters: readonly Parameter[]
}

/** The most arguments of one function. */
export const MAX_PARAMETERS = 16

const VALUE_TYPES: Readonly<Record<ScalarType, ValueType>> = {
  int: 'i32',
  unsigned: 'i32',
  size_t: 'i32',
  'long long': 'i64',
  'unsigned long long': 'i64',
  float: 'f32',
  double: 'f64',
}

/** The size of one element, in bytes. */
export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  ...{ char: 1, int8_t: 1, uint8_t: 1, int16_t: 2, uint16_t: 2 },
  ...{ int32_t: 4, uint32_t: 4, int64_t: 8, uint64_t: 8, float: 4, double: 8 },
}

/** All spellings of a type. */
const SCALARS: ReadonlyMap<string, ScalarType> = new Map<string, ScalarType>([
  ...spellings('int', 'int', 'signed', 'signed int', 'int32_t'),
  ...spellings('unsigned', 'unsigned', 'unsigned int', 'uint32_t'),
  ...spellings('long long', 'long long', 'long long int', 'int64_t'),
  ...spellings('unsigned long long', 'unsigned long long', 'uint64_t'),
  ...spellings('size_t', 'size_t'),
  ...spellings('float', 'float'),
  ...spellings('double', 'double'),
])

const ELEMENTS: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ...(Object.keys(ELEMENT_BYTES) as ElementType[]).map((name) => [name, name] as const),
  ...spellings('int8_t', 'signed char'),
  ...spellings('uint8_t', 'unsigned char'),
  ...spellings('int16_t', 'short'),
  ...spellings('uint16_t', 'unsigned short'),
  ...spellings('int32_t', 'int'),
  ...spellings('uint32_t', 'unsigned', 'unsigned int', 'size_t'),
  ...spellings('int64_t', 'long long'),
  ...spellings('uint64_t', 'unsigned long long'),
])

const LONGEST = 1024

/**
 * Parses a prototype such as `int(int)`, `size_t(const uint8_t *bytes, size_t length)` or `void(float*, size_t,
 * double)`. After a pointer must come a `size_t`, the number of its elements; both are one argument. `bytes` is short
 * for `const uint8_t*, size_t`.
 *
 * @throws KernelError `KERNEL_PROTOTYPE`
 */
export function parsePrototype(text: string): Signature {
  const match = text.length > LONGEST ? null : /^\s*([\w\s]+?)\s*\(([^()]*)\)\s*;?\s*$/.exec(text)
  if (match === null) throw unreadable(text, 'it is not of the form result(parameters)')
  const [, result, list] = match
  const words = list!.trim() === '' || list!.trim() === 'void' ? [] : list!.split(',')
  const parameters = joinViews(
    words.flatMap((word) => parseParameter(word, text)),
    text,
  )
  if (parameters.length > MAX_PARAMETERS) throw unreadable(text, `it has more than ${MAX_PARAMETERS} parameters`)
  return { result: parseResult(result!, text), parameters }
}

/** The WebAssembly type of a function with this signature. */
export function functionTypeOf({ result, parameters }: Signature): FunctionType {
  const params = parameters.flatMap((parameter): ValueType[] =>
    parameter.kind === 'view' ? ['i32', 'i32'] : [VALUE_TYPES[parameter.type]],
  )
  return { params, results: result === 'void' ? [] : [VALUE_TYPES[result]] }
}

/** The prototype of a signature. */
export function spellSignature({ result, parameters }: Signature): string {
  return `${result}(${parameters.map(spellParameter).join(', ')})`
}

/** The type of a parameter as the guest gets it: `const T*` or `T*` for a view, else the scalar type. */
export function codeOf(parameter: Parameter): string {
  if (parameter.kind === 'scalar') return parameter.type
  return `${parameter.writes ? '' : 'const '}${parameter.element}*`
}

function spellParameter(parameter: Parameter): string {
  return parameter.kind === 'view' ? `${codeOf(parameter)}, size_t` : codeOf(parameter)
}

type Word = { readonly scalar: ScalarType } | { readonly pointer: ElementType; readonly writes: boolean }

function parseResult(words: string, prototype: string): ScalarType | 'void' {
  const name = tokens(words).join(' ')
  const result = name === 'void' ? 'void' : SCALARS.get(name)
  if (result === undefined) throw unreadable(prototype, `a kernel can't return ${JSON.stringify(name)}`)
  return result
}

function parseParameter(text: string, prototype: string): Word[] {
  const all = tokens(text)
  const words = all.filter((word) => word !== 'const' && word !== 'restrict')
  const type = typePrefix(words)
  const rest = words.slice(type.length)
  const pointer = rest[0] === '*'
  const name = pointer ? rest.slice(1) : rest
  const spelled = type.join(' ')
  if (name.length > 1 || name[0] === '*')
    throw unreadable(prototype, `${JSON.stringify(text.trim())} is not a parameter`)
  if (spelled === 'bytes' && !pointer) return [{ pointer: 'uint8_t', writes: false }, { scalar: 'size_t' }]
  const [element, scalar] = [ELEMENTS.get(spelled), SCALARS.get(spelled)]
  const writes = !all.slice(0, all.indexOf('*')).includes('const')
  if (pointer && element !== undefined) return [{ pointer: element, writes }]
  if (!pointer && scalar !== undefined) return [{ scalar }]
  throw unreadable(prototype, `a kernel can't take ${JSON.stringify(text.trim())}`)
}

/** The longest prefix that is a type, as in `unsigned long long count`. */
function typePrefix(words: readonly string[]): readonly string[] {
  for (let length = Math.min(3, words.length); length > 0; length--) {
    const spelled = words.slice(0, length).join(' ')
    if (SCALARS.has(spelled) || ELEMENTS.has(spelled)) return words.slice(0, length)
  }
  return words.slice(0, 1)
}

function joinViews(words: readonly Word[], prototype: string): Parameter[] {
  const parameters: Parameter[] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    if ('scalar' in word) parameters.push({ kind: 'scalar', type: word.scalar })
    else {
      const next = words[++index]
      if (next === undefined || !('scalar' in next) || next.scalar !== 'size_t')
        throw unreadable(prototype, 'after a pointer there must be a size_t, the number of its elements')
      parameters.push({ kind: 'view', element: word.pointer, writes: word.writes })
    }
  }
  return parameters
}

function spellings<Type extends string>(type: Type, ...words: readonly string[]): (readonly [string, Type])[] {
  return words.map((word) => [word, type])
}

const tokens = (text: string): string[] => text.match(/\w+|\*|[^\s\w]/g) ?? []

function unreadable(prototype: string, why: string): KernelError {
  return new KernelError('KERNEL_PROTOTYPE', `the prototype ${JSON.stringify(prototype.slice(0, 200))}: ${why}`, {
    remedy: 'write it like size_t(const uint8_t*, size_t), with the types docs/kernels.md lists',
  })
}
