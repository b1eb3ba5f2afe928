import { fromUtf8, utf8 } from '../../encoding/bytes.ts'
import { KernelError } from '../../errors.ts'
import { CLANG_FLAGS, LINKER_FLAGS } from '../toolchain.ts'
import { HEADERS, SIMD_HEADER } from './headers.ts'
import { mayRecurse, twinRecursive } from './recursion.ts'

/** clang and its linker, as `@yowasp/clang` runs them: files in, files out; it throws when the tool fails. */
export type RunLlvm = (args: readonly string[], files: Files, options: RunLlvmOptions) => Promise<Files>

/** Files by name, folders by name. */
export interface Files {
  [name: string]: Uint8Array | string | Files
}

interface RunLlvmOptions {
  readonly stdout: (bytes: Uint8Array | null) => void
  readonly stderr: (bytes: Uint8Array | null) => void
  readonly fetchProgress: () => void
  readonly decodeASCII: false
}

/** What compiling C takes. */
export interface CTools {
  readonly run: RunLlvm
  /** clang's own header for SIMD. */
  readonly simdHeader: Uint8Array
  /** The archive with musl's functions. */
  readonly library: Uint8Array
}

/** The file's name in messages. Always the same, so that the same source gives the same bytes, `__FILE__` and all. */
export const C_FILE = 'kernel.c'
const MODULE = 'kernel.ll'
const OBJECT = 'kernel.o'

/**
 * Compiles C to a kernel's binary.
 *
 * @throws KernelError `KERNEL_COMPILE_FAILED` with the compiler's own words, positions as `kernel.c:LINE:COLUMN`
 */
export async function compileC(source: string, { run, simdHeader, library }: CTools): Promise<Uint8Array> {
  const clang = ['clang', '-cc1', ...CLANG_FLAGS, '-o']
  const files = { [C_FILE]: utf8(source), include: { ...HEADERS, [SIMD_HEADER]: simdHeader } }
  const compiled = mayRecurse(source)
    ? await call(run, [...clang, OBJECT, '-emit-obj', '-x', 'ir', MODULE], {
        [MODULE]: await pairedModule(run, clang, files),
      })
    : await call(run, [...clang, OBJECT, '-emit-obj', '-x', 'c', C_FILE], files)
  const linked = await call(run, ['wasm-ld', ...LINKER_FLAGS, OBJECT, 'library.a', '-o', 'kernel.wasm'], {
    [OBJECT]: compiled[OBJECT]!,
    'library.a': library,
  })
  return linked['kernel.wasm'] as Uint8Array
}

/** The source in LLVM's language, not optimised yet, its recursive functions in pairs. */
async function pairedModule(run: RunLlvm, clang: readonly string[], files: Files): Promise<Uint8Array> {
  const args = [...clang, MODULE, '-emit-llvm', '-disable-llvm-passes', '-x', 'c', C_FILE]
  const { [MODULE]: module } = await call(run, args, files)
  return utf8(twinRecursive(fromUtf8(module as Uint8Array)))
}

async function call(run: RunLlvm, args: readonly string[], files: Files): Promise<Files> {
  const said: Uint8Array[] = []
  // What is handed over is a view of the tool's memory, and changes.
  const hear = (bytes: Uint8Array | null) => void (bytes && said.push(bytes.slice()))
  try {
    return await run(args, files, { stdout: hear, stderr: hear, fetchProgress: () => {}, decodeASCII: false })
  } catch (cause) {
    const text = explain(fromUtf8(Buffer.concat(said)))
    if (text === '') throw cause
    const remedy = /file not found/.test(text) ? MISSING_HEADER : undefined
    throw new KernelError('KERNEL_COMPILE_FAILED', text, { cause, ...(remedy && { remedy }) })
  }
}

const MISSING_HEADER = `a kernel can include ${[...Object.keys(HEADERS), SIMD_HEADER].join(', ')}, and no other header`

/** The tool's complaints, without its count of them, and in the words of one file. */
function explain(text: string): string {
  return text
    .replaceAll(/^\d+ (error|warning)s?.* generated\.$/gm, '')
    .replaceAll(/wasm-ld: error: kernel\.o: /g, `${C_FILE}: error: `)
    .trim()
}
