import { KernelError } from '../../errors.ts'
import { ASSEMBLYSCRIPT_FLAGS } from '../toolchain.ts'
import { type DeclaredFunction, type LoweredFunction, lowerFunction } from './prototypes.ts'

/** The part of `assemblyscript` and its command `asc` that this file uses. */
export interface AssemblyScript {
  readonly asc: {
    main(args: readonly string[], options: AscOptions): Promise<{ readonly error: Error | null }>
  }
  readonly parser: {
    newOptions(): unknown
    newProgram(options: unknown): ParsedProgram
    parse(program: ParsedProgram, text: string, path: string, isEntry: boolean): void
  }
}

interface AscOptions {
  readonly readFile: (name: string) => string | null
  readonly writeFile: (name: string, contents: Uint8Array) => void
  readonly listFiles: () => string[]
  readonly stdout: { write(text: string): void }
  readonly stderr: { write(text: string): void }
  readonly reportDiagnostic: (diagnostic: Diagnostic) => void
  readonly transforms: readonly (new () => { afterCompile(module: CompiledModule): void })[]
}

interface CompiledModule {
  getFunction(name: string): unknown
  addFunctionExport(internalName: string, externalName: string): unknown
}

interface Diagnostic {
  /** 3 means an error. */
  readonly category: number
  readonly message: string
  readonly range: { readonly start: number; readonly source: { readonly normalizedPath: string } | null } | null
}

interface ParsedProgram {
  readonly sources: readonly { readonly text: string; readonly statements: readonly Statement[] }[]
}

interface Range {
  readonly start: number
  readonly end: number
}

interface TypeNode {
  readonly range: Range
}

/** The fields of AssemblyScript's syntax tree that describe an exported function. */
interface Statement {
  readonly kind: number
  readonly flags: number
  readonly name?: { readonly text: string }
  readonly typeParameters?: readonly unknown[] | null
  readonly signature?: {
    readonly parameters: readonly { readonly name: { readonly text: string }; readonly type: TypeNode }[]
    readonly returnType: TypeNode
  }
  readonly body?: { readonly range: Range } | null
}

const FUNCTION_DECLARATION = 56
const EXPORTED = 2
const ERROR = 3

/** The name of the file in messages. */
export const ASSEMBLYSCRIPT_FILE = 'kernel.as.ts'

export interface CompiledAssemblyScript {
  readonly binary: Uint8Array
  /** The prototypes, by the name of the exported function. */
  readonly prototypes: ReadonlyMap<string, string>
}

/**
 * Compiles AssemblyScript to a kernel's binary. An entry module wraps the author's functions. Like a kernel in C, it
 * takes pointer and length for each typed array, buffer and string, and makes a view of them without copying.
 *
 * @throws KernelError `KERNEL_COMPILE_FAILED` with the compiler's messages, positions as `kernel.as.ts:LINE:COLUMN`
 */
export async function compileAssemblyScript(source: string, tools: AssemblyScript): Promise<CompiledAssemblyScript> {
  const functions = lowerExports(source, tools)
  const files: Record<string, string> = {
    'entry.ts': [VIEWS, ...[...functions.values()].map(({ entry }) => entry)].join('\n'),
    [ASSEMBLYSCRIPT_FILE]: source,
  }
  const problems: string[] = []
  let binary: Uint8Array | undefined
  const { error } = await tools.asc.main(['entry.ts', '--outFile', 'kernel.wasm', ...ASSEMBLYSCRIPT_FLAGS], {
    readFile: (name) => files[name] ?? null,
    writeFile: (_, contents) => {
      binary = contents
    },
    listFiles: () => [],
    stdout: { write() {} },
    stderr: { write() {} },
    reportDiagnostic: (diagnostic) => {
      if (diagnostic.category === ERROR) problems.push(explain(diagnostic, source))
    },
    transforms: [ExportAllocator],
  })
  if (error !== null || binary === undefined || problems.length > 0)
    throw new KernelError('KERNEL_COMPILE_FAILED', problems.slice(0, 20).join('\n') || `${error?.message}`)
  return { binary, prototypes: new Map([...functions].map(([name, { prototype }]) => [name, prototype])) }
}

function lowerExports(source: string, { parser }: AssemblyScript): Map<string, LoweredFunction> {
  const program = parser.newProgram(parser.newOptions())
  parser.parse(program, source, ASSEMBLYSCRIPT_FILE, true)
  const declared = program.sources[0]?.statements.flatMap((statement) => declaredFunction(statement, source)) ?? []
  return new Map(
    declared.flatMap((each) => {
      const lowered = lowerFunction(each)
      return lowered ? [[each.name, lowered] as const] : []
    }),
  )
}

function declaredFunction({ kind, flags, name, typeParameters, signature, body }: Statement, source: string) {
  if (kind !== FUNCTION_DECLARATION || (flags & EXPORTED) === 0 || typeParameters?.length || !name || !signature)
    return []
  const textOf = ({ range }: { range: Range }) => source.slice(range.start, range.end).replaceAll(/\s/g, '')
  const declared: DeclaredFunction = {
    name: name.text,
    params: signature.parameters.map((param) => ({ name: param.name.text, type: textOf(param.type) })),
    // Without a result type it is `void`, as in `function f() {}`.
    result: textOf(signature.returnType) || 'void',
    body: body ? source.slice(body.range.start, body.range.end) : '',
  }
  return [declared]
}

/**
 * Exports the kernel's allocator, if it has one, as `lander_reserve`. The caller allocates views with it, since memory
 * it took by itself could collide with the allocator's.
 */
class ExportAllocator {
  afterCompile(module: CompiledModule): void {
    const allocate = '~lib/rt/tlsf/__alloc'
    if (module.getFunction(allocate)) module.addFunctionExport(allocate, 'lander_reserve')
  }
}

/** The message of an error, with the position if it is in the author's file. */
function explain({ message, range }: Diagnostic, source: string): string {
  if (range?.source?.normalizedPath !== ASSEMBLYSCRIPT_FILE) return `error: ${message}`
  const before = source.slice(0, range.start).split('\n')
  return `${ASSEMBLYSCRIPT_FILE}:${before.length}:${before.at(-1)!.length + 1}: error: ${message}`
}

/**
 * Makes views of memory that AssemblyScript did not allocate. It writes the headers of a buffer and of a typed array
 * before the data (std/assembly/rt/common.ts: 4 words and the length, 20 bytes before the object). They are marked as
 * static (3), so that the garbage collector ignores them.
 */
const VIEWS = `import * as source from './kernel.as'
// @ts-ignore: decorator
@inline function lander_buffer<T>(data: usize, length: usize): T {
  store<u32>(data - 20, 3, 4)
  store<u32>(data - 20, idof<T>(), 12)
  store<u32>(data - 20, <u32>length, 16)
  return changetype<T>(data)
}
// @ts-ignore: decorator
@inline function lander_static<T>(data: usize, length: usize): T {
  return lander_buffer<T>(data, length * sizeof<valueof<T>>())
}
// @ts-ignore: decorator
@inline function lander_typed<T>(data: usize, length: usize): T {
  const bytes = length * sizeof<valueof<T>>()
  lander_buffer<ArrayBuffer>(data, bytes)
  store<u32>(data - 48, 3, 4)
  store<u32>(data - 48, idof<T>(), 12)
  store<u32>(data - 48, offsetof<T>(), 16)
  store<usize>(data - 28, data, offsetof<T>("buffer"))
  store<usize>(data - 28, data, offsetof<T>("dataStart"))
  store<i32>(data - 28, <i32>bytes, offsetof<T>("byteLength"))
  return changetype<T>(data - 28)
}`
