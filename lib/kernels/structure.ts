/**
 * Whether a WebAssembly module may be compiled in a place. WebAssembly's own interface tells neither limits nor a start
 * section, so the sections are read here; whether the code inside is valid, the engine decides when it compiles.
 */
import { createModuleReader, type ModuleReader, malformed } from './module-reader.ts'

/** What a place takes. A large module is a bomb for the compiler, above all one large function. */
export const MAX_MODULE_BYTES = 1024 * 1024
export const MAX_FUNCTIONS = 5000
export const MAX_BODY_BYTES = 64 * 1024
export const MAX_TABLE_ENTRIES = 4096
/** Memory of one kernel in pages of 64 KiB: 64 MiB. */
export const MAX_KERNEL_PAGES = 1024

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'externref'

export interface FunctionType {
  readonly params: readonly ValueType[]
  readonly results: readonly ValueType[]
}

/** What a module says of itself. */
export interface KernelStructure {
  /** Its exported functions, by name. */
  readonly functions: ReadonlyMap<string, FunctionType>
  /** Names of its exported globals. */
  readonly globals: readonly string[]
  /** Pages of its memory. */
  readonly memory: { readonly initial: number; readonly maximum: number }
}

/** What a module may import: nothing but the way out that AssemblyScript's own builds take. It must not return. */
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

/** A vector has at least one byte for each item, so this bounds what a count can make us allocate. */
const ANY_COUNT = MAX_MODULE_BYTES

/** Sections by id in the order they have to come in; one without a reader is left to the engine. */
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
  /** Types of all functions, the imported ones first. */
  readonly functions: FunctionType[]
  readonly exported: Map<string, FunctionType>
  readonly globals: string[]
  readonly memories: { initial: number; maximum: number }[]
  defined: number
  bodies: number
  exportsMemory: boolean
}

/**
 * Checks the structure of a kernel's binary and says what it exports.
 *
 * - at most 1 MiB, 5,000 functions, 64 KiB a function
 * - exactly one memory, its own, exported as `memory`, with a maximum of at most 64 MiB; neither shared nor of 64 bits,
 *   so atomic instructions have nothing to be atomic on, and waiting traps
 * - at most one table, of at most 4,096 functions
 * - no start section: nothing runs before it is called
 * - no import but `env.abort`, of AssemblyScript's type
 *
 * @throws KernelError `KERNEL_MALFORMED`, which says what is wrong
 */
export function checkStructure(bytes: Uint8Array): KernelStructure {
  if (bytes.length > MAX_MODULE_BYTES)
    throw malformed(`it has ${bytes.length} bytes; a place takes ${MAX_MODULE_BYTES}`)
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
  if (draft.defined !== draft.bodies) throw malformed('it has another number of functions than of bodies')
  return { functions: draft.exported, globals: draft.globals, memory }
}

/** `\0asm`, version 1. A component has another version. */
function readPreamble(reader: ModuleReader): void {
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    if (reader.byte() !== byte) throw malformed('it is no WebAssembly module of version 1')
}

function readSections(reader: ModuleReader, draft: Draft): void {
  let next = 0
  while (reader.position < reader.end) {
    const id = reader.byte()
    const section = reader.part(reader.u32())
    // A custom section means nothing to the engine, and may stand anywhere.
    if (id === 0) continue
    const index = SECTIONS.findIndex(([known], i) => known === id && i >= next)
    if (index < 0) throw malformed(`section ${id} is unknown, out of order, or there twice`)
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
      if (each.byte() !== 0) throw malformed(`it imports ${printable(name)}, which is no function`)
      const type = typeAt(draft, each.u32())
      const allowed = IMPORTS.get(name)
      if (allowed === undefined) throw malformed(`it imports ${printable(name)}; a kernel has no way to the outside`)
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
        throw malformed(`its table has ${Math.max(...sizes)} entries; a place takes ${MAX_TABLE_ENTRIES}`)
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
        throw malformed(`its memory may grow to ${memory.maximum} pages; a place gives ${MAX_KERNEL_PAGES}`)
      memories.push(memory)
    },
    1,
    'memories',
  )
}

/** Read over, since exports come behind it: each is a type, whether it changes, and what it starts with. */
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

/** Constant expressions: the instructions that may stand in them, without those of garbage collection. */
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
  throw malformed('it has a start section; a kernel runs when it is called, and not before')
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
  if (largest > MAX_BODY_BYTES) throw malformed(`a function has ${largest} bytes; a place takes ${MAX_BODY_BYTES}`)
  draft.bodies = sizes.length
}

function typeAt({ types }: Draft, index: number): FunctionType {
  return types[index] ?? missing('type', index)
}

function functionAt({ functions }: Draft, index: number): FunctionType {
  return functions[index] ?? missing('function', index)
}

function missing(what: string, index: number): never {
  throw malformed(`it names ${what} ${index}, which is not there`)
}

function sameType(a: FunctionType, b: FunctionType): boolean {
  return a.params.join() === b.params.join() && a.results.join() === b.results.join()
}

/** A stranger's name, short and without what moves a terminal's cursor. */
function printable(name: string): string {
  return JSON.stringify(name.slice(0, 80).replace(/\p{C}/gu, '?'))
}
