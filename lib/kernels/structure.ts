/**
 * Checks whether a place may compile a WebAssembly module. The WebAssembly API shows neither limits nor a start
 * section, so this file reads the sections. The engine validates the code itself when it compiles.
 */
import { createModuleReader, type ModuleReader, malformed } from './module-reader.ts'

/** The limits of a module. A large module, and above all a large function, can make the compiler run for very long. */
export const MAX_MODULE_BYTES = 1024 * 1024
export const MAX_FUNCTIONS = 5000
export const MAX_BODY_BYTES = 64 * 1024
export const MAX_TABLE_ENTRIES = 4096
/** The largest memory of a kernel, in pages of 64 KiB: 64 MiB. */
export const MAX_KERNEL_PAGES = 1024

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'externref'

export interface FunctionType {
  readonly params: readonly ValueType[]
  readonly results: readonly ValueType[]
}

/** What a module exports, and its memory. */
export interface KernelStructure {
  /** The exported functions, by name. */
  readonly functions: ReadonlyMap<string, FunctionType>
  /** The names of the exported globals. */
  readonly globals: readonly string[]
  /** The size of its memory, in pages. */
  readonly memory: { readonly initial: number; readonly maximum: number }
}

/** The only import that a module may have: AssemblyScript calls it to abort, and it must not return. */
const IMPORTS: ReadonlyMap<string, FunctionType> = new Map([
  ['env.abort', { params: ['i32', 'i32', 'i32', 'i32'], results: [] }],
])

const VALUE_TYPES: Readonly<Record<number, ValueType>> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
  112: 'funcref',
  111: 'externref',
}

/** Each item of a vector has at least one byte, so no count can exceed the module's size. */
const ANY_COUNT = MAX_MODULE_BYTES

/** The sections in their required order. The engine checks those without a reader. */
const SECTIONS: readonly (readonly [id: number, read: ((reader: ModuleReader, module: Draft) => void) | undefined])[] =
  [
    [1, readTypes],
    [2, readImports],
    [3, readFunctions],
    [4, readTables],
    [5, readMemories],
    [6, readGlobals],
    [7, readExports],
    [8, refuseStart],
    [9, undefined],
    [12, undefined],
    [10, readBodies],
    [11, undefined],
  ]

interface Draft {
  readonly types: FunctionType[]
  /** The types of all functions, imported ones first. */
  readonly functions: FunctionType[]
  readonly exported: Map<string, FunctionType>
  readonly globals: string[]
  readonly memories: { initial: number; maximum: number }[]
  defined: number
  bodies: number
  exportsMemory: boolean
}

/**
 * Checks the structure of a kernel's binary and returns what it exports.
 *
 * - at most 1 MiB, 5,000 functions, 64 KiB a function
 * - exactly one memory of its own, exported as `memory`, with a maximum of at most 64 MiB, and neither shared nor of 64
 *   bits: without shared memory, waiting traps
 * - at most one table, of at most 4,096 functions
 * - no start section, so that nothing runs before it is called
 * - no imports except `env.abort` with AssemblyScript's type
 *
 * @throws KernelError `KERNEL_MALFORMED` with the reason
 */
export function checkStructure(bytes: Uint8Array): KernelStructure {
  if (bytes.length > MAX_MODULE_BYTES)
    throw malformed(`it has ${bytes.length} bytes; a place accepts ${MAX_MODULE_BYTES}`)
  const reader = createModuleReader(bytes)
  readPreamble(reader)
  const draft: Draft = {
    ...{ types: [], functions: [], exported: new Map(), globals: [], memories: [] },
    ...{ defined: 0, bodies: 0, exportsMemory: false },
  }
  readSections(reader, draft)
  const [memory, ...others] = draft.memories
  if (memory === undefined || others.length > 0 || !draft.exportsMemory)
    throw malformed('it needs exactly one memory of its own, exported as "memory"')
  if (draft.defined !== draft.bodies) throw malformed('its numbers of functions and of bodies differ')
  return { functions: draft.exported, globals: draft.globals, memory }
}

/** `\0asm` and version 1. A WebAssembly component has another version. */
function readPreamble(reader: ModuleReader): void {
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    if (reader.byte() !== byte) throw malformed('it is not a WebAssembly module of version 1')
}

function readSections(reader: ModuleReader, draft: Draft): void {
  let next = 0
  while (reader.position < reader.end) {
    const id = reader.byte()
    const section = reader.part(reader.u32())
    // Custom sections have no meaning for the engine and may be anywhere.
    if (id === 0) continue
    const index = SECTIONS.findIndex(([known], i) => known === id && i >= next)
    if (index < 0) throw malformed(`section ${id} is unknown, out of order, or a duplicate`)
    next = index + 1
    const read = SECTIONS[index]![1]
    if (read === undefined) continue
    read(section, draft)
    section.finish(`section ${id}`)
  }
}

function readTypes(reader: ModuleReader, { types }: Draft): void {
  const valueTypes = (each: ModuleReader) => each.vector((item) => valueType(item.byte()), 1000, 'values in a type')
  types.push(
    ...reader.vector(
      (each) => {
        if (each.byte() !== 0x60) throw malformed('it has types other than functions')
        return { params: valueTypes(each), results: valueTypes(each) }
      },
      MAX_FUNCTIONS,
      'types',
    ),
  )
}

function valueType(code: number): ValueType {
  const type = VALUE_TYPES[code]
  if (type === undefined) throw malformed(`value type 0x${code.toString(16)} is unknown`)
  return type
}

function readImports(reader: ModuleReader, draft: Draft): void {
  reader.vector(
    (each) => {
      const name = `${each.name()}.${each.name()}`
      if (each.byte() !== 0) throw malformed(`it imports ${printable(name)}, which is not a function`)
      const type = typeAt(draft, each.u32())
      const allowed = IMPORTS.get(name)
      if (allowed === undefined) throw malformed(`it imports ${printable(name)}; a kernel can not import functions`)
      if (!sameType(allowed, type)) throw malformed(`it imports ${name} with another type`)
      draft.functions.push(type)
    },
    64,
    'imports',
  )
}

function readFunctions(reader: ModuleReader, draft: Draft): void {
  const types = reader.vector((each) => typeAt(draft, each.u32()), MAX_FUNCTIONS, 'functions')
  draft.defined = types.length
  for (const type of types) draft.functions.push(type)
}

function readTables(reader: ModuleReader): void {
  reader.vector(
    (each) => {
      if (each.byte() !== 0x70) throw malformed('its table is not one of functions')
      const flags = each.byte()
      if (flags > 1) throw malformed('its table is shared, or of 64 bits')
      const sizes = flags === 1 ? [each.u32(), each.u32()] : [each.u32()]
      if (Math.max(...sizes) > MAX_TABLE_ENTRIES)
        throw malformed(`its table has ${Math.max(...sizes)} entries; a place accepts ${MAX_TABLE_ENTRIES}`)
    },
    1,
    'tables',
  )
}

function readMemories(reader: ModuleReader, { memories }: Draft): void {
  reader.vector(
    (each) => {
      const flags = each.byte()
      if (flags === 0) throw malformed('its memory has no maximum')
      if (flags !== 1) throw malformed('its memory is shared, or of 64 bits')
      const memory = { initial: each.u32(), maximum: each.u32() }
      if (memory.initial > memory.maximum || memory.maximum > MAX_KERNEL_PAGES)
        throw malformed(`its memory may grow to ${memory.maximum} pages; a place allows ${MAX_KERNEL_PAGES}`)
      memories.push(memory)
    },
    1,
    'memories',
  )
}

/** Skips the globals, since the exports come after them. Each has a type, a mutability flag and an initial value. */
function readGlobals(reader: ModuleReader): void {
  reader.vector(
    (each) => {
      valueType(each.byte())
      each.byte()
      skipInitialValue(each)
    },
    ANY_COUNT,
    'globals',
  )
}

/**
 * Skips a constant expression. Accepts all instructions that are allowed there, except those for garbage collection.
 */
function skipInitialValue(reader: ModuleReader): void {
  for (;;) {
    const opcode = reader.byte()
    if (opcode === 0x0b) return
    if (opcode === 0x41) reader.skipSigned(32)
    else if (opcode === 0x42) reader.skipSigned(64)
    else if (opcode === 0x43) reader.skip(4)
    else if (opcode === 0x44) reader.skip(8)
    else if (opcode === 0x23 || opcode === 0xd2) reader.u32()
    else if (opcode === 0xd0) reader.skipSigned(33)
    else if (opcode === 0xfd && reader.u32() === 12) reader.skip(16)
    // i32 and i64: add, sub, mul.
    else if (![0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e].includes(opcode))
      throw malformed(`a global starts with instruction 0x${opcode.toString(16)}`)
  }
}

function readExports(reader: ModuleReader, draft: Draft): void {
  const names = reader.vector(
    (each) => {
      const name = each.name()
      const kind = each.byte()
      const index = each.u32()
      if (kind === 0) draft.exported.set(name, functionAt(draft, index))
      else if (kind === 2 && name === 'memory') draft.exportsMemory = true
      else if (kind === 3) draft.globals.push(name)
      return name
    },
    2 * MAX_FUNCTIONS,
    'exports',
  )
  if (new Set(names).size !== names.length) throw malformed('it exports a name twice')
}

function refuseStart(): never {
  throw malformed('it has a start section; a kernel must not run before it is called')
}

function readBodies(reader: ModuleReader, draft: Draft): void {
  const sizes = reader.vector(
    (each) => {
      const size = each.u32()
      each.skip(size)
      return size
    },
    MAX_FUNCTIONS,
    'bodies',
  )
  const largest = Math.max(0, ...sizes)
  if (largest > MAX_BODY_BYTES) throw malformed(`a function has ${largest} bytes; a place accepts ${MAX_BODY_BYTES}`)
  draft.bodies = sizes.length
}

function typeAt({ types }: Draft, index: number): FunctionType {
  return types[index] ?? missing('type', index)
}

function functionAt({ functions }: Draft, index: number): FunctionType {
  return functions[index] ?? missing('function', index)
}

function missing(what: string, index: number): never {
  throw malformed(`it refers to ${what} ${index}, which does not exist`)
}

function sameType(a: FunctionType, b: FunctionType): boolean {
  return a.params.join() === b.params.join() && a.results.join() === b.results.join()
}

/** An untrusted name, shortened and without control characters, so that it is safe to print in a terminal. */
function printable(name: string): string {
  return JSON.stringify(name.slice(0, 80).replace(/\p{C}/gu, '?'))
}
