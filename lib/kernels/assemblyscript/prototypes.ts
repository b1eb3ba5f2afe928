/**
 * The prototypes of a kernel in AssemblyScript: its exported functions whose types agents can pass.
 */

/** A function as the source declares it. */
export interface DeclaredFunction {
  readonly name: string
  readonly params: readonly { readonly name: string; readonly type: string }[]
  readonly result: string
  /** The text of its body. */
  readonly body: string
}

/** How a parameter is passed: its C type, and how AssemblyScript's value is made from it. */
interface Lowering {
  /** The C type, without the `const` that depends on the body. */
  readonly prototype: string
  readonly view?: 'typed' | 'static' | 'buffer' | 'string'
}

const SCALARS: Readonly<Record<string, string>> = {
  i32: 'int',
  isize: 'int',
  u32: 'unsigned',
  usize: 'size_t',
  i64: 'long long',
  u64: 'unsigned long long',
  f32: 'float',
  f64: 'double',
  number: 'double',
  bool: 'int',
  boolean: 'int',
}

const NARROW: Readonly<Record<string, string>> = { i8: 'int', i16: 'int', u8: 'unsigned', u16: 'unsigned' }

const ELEMENTS: Readonly<Record<string, string>> = {
  Int8Array: 'int8_t',
  Uint8Array: 'uint8_t',
  Uint8ClampedArray: 'uint8_t',
  Int16Array: 'int16_t',
  Uint16Array: 'uint16_t',
  Int32Array: 'int32_t',
  Uint32Array: 'uint32_t',
  Int64Array: 'int64_t',
  Uint64Array: 'uint64_t',
  Float32Array: 'float',
  Float64Array: 'double',
  ArrayBuffer: 'uint8_t',
}

const STATIC_ELEMENTS: Readonly<Record<string, string>> = {
  ...{ i8: 'int8_t', u8: 'uint8_t', i16: 'int16_t', u16: 'uint16_t', i32: 'int32_t', u32: 'uint32_t' },
  ...{ i64: 'int64_t', u64: 'uint64_t', f32: 'float', f64: 'double' },
}

/** The prototype of a function, and the source of its wrapper, which takes pointers and lengths for views. */
export interface LoweredFunction {
  readonly prototype: string
  readonly entry: string
}

/** @returns `undefined` if agents can't pass one of its types */
export function lowerFunction({ name, params, result, body }: DeclaredFunction): LoweredFunction | undefined {
  const lowered = params.map(({ type }) => lower(type))
  const returned = result === 'void' ? 'void' : (SCALARS[result] ?? NARROW[result])
  if (returned === undefined || lowered.some((each) => each === undefined)) return undefined
  const words = params.map((param, i) => prototypeOf(lowered[i]!, param.name, body))
  const declared = params.map(({ type }, i) => (lowered[i]!.view ? `p${i}: usize, n${i}: usize` : `p${i}: ${type}`))
  const given = params.map(({ type }, i) => argumentOf(lowered[i]!, type, i))
  return {
    prototype: `${returned}(${words.join(', ') || 'void'})`,
    entry: `export function ${name}(${declared.join(', ')}): ${result} { ${result === 'void' ? '' : 'return '}source.${name}(${given.join(', ')}) }`,
  }
}

function lower(type: string): Lowering | undefined {
  const scalar = SCALARS[type]
  if (scalar !== undefined) return { prototype: scalar }
  if (type === 'string') return { prototype: 'const char*, size_t', view: 'string' }
  if (type === 'ArrayBuffer') return { prototype: 'uint8_t*, size_t', view: 'buffer' }
  const element = ELEMENTS[type]
  if (element !== undefined) return { prototype: `${element}*, size_t`, view: 'typed' }
  const item = STATIC_ELEMENTS[/^StaticArray<(\w+)>$/.exec(type)?.[1] ?? '']
  return item === undefined ? undefined : { prototype: `${item}*, size_t`, view: 'static' }
}

function prototypeOf({ prototype, view }: Lowering, name: string, body: string): string {
  if (view !== 'typed' && view !== 'static') return prototype
  return onlyReads(name, body) ? `const ${prototype}` : prototype
}

function argumentOf({ view }: Lowering, type: string, index: number): string {
  const [data, length] = [`p${index}`, `n${index}`]
  if (view === undefined) return data
  if (view === 'string') return `String.UTF8.decodeUnsafe(${data}, ${length})`
  return `lander_${view}<${type}>(${data}, ${length})`
}

/**
 * Whether a body only reads the elements and the length of a view, so that it need not be copied back. This is a
 * conservative guess from the text: any other use of the name counts as writing.
 */
export function onlyReads(name: string, body: string): boolean {
  const mentions = [...body.matchAll(new RegExp(`(?<![\\w$.])${name.replaceAll('$', '\\$')}(?![\\w$])`, 'g'))]
  return mentions.every(({ index }) => {
    const rest = body.slice(index + name.length)
    if (/^\s*\.\s*(length|byteLength)\b/.test(rest)) return true
    const element = /^\s*\[/.exec(rest)
    if (element === null) return false
    const before = body.slice(0, index).trimEnd()
    const behind = rest.slice(endOfBrackets(rest, element[0].length - 1))
    return !/(\+\+|--)$/.test(before) && !/^\s*(=(?!=)|(\+|-|\*\*?|\/|%|&|\||\^|<<|>>>?)=|\+\+|--)/.test(behind)
  })
}

/** The position after the bracket that closes the one at `start`; the end of the text if there is none. */
function endOfBrackets(text: string, start: number): number {
  for (let at = start, depth = 0; at < text.length; at++) {
    if (text[at] === '[') depth++
    else if (text[at] === ']' && --depth === 0) return at + 1
  }
  return text.length
}
