import { fromUtf8, utf8 } from '../../encoding/bytes.ts'
import { KernelError } from '../../errors.ts'
import { CLANG_FLAGS, LINKER_FLAGS } from '../toolchain.ts'
import { HEADERS, SIMD_HEADER } from './headers.ts'
import { mayRecurse, twinRecursive } from './recursion.ts'

/** Runs clang or its linker, as `@yowasp/clang` does: takes files, returns files, and throws if the tool fails. */
export type RunLlvm = (args: readonly string[], files: Files, options: RunLlvmOptions) => Promise<Files>

/** Files and folders, by name. */
export interface Files {
  [name: string]: Uint8Array | string | Files
}

interface RunLlvmOptions {
  readonly stdout: (bytes: Uint8Array | null) => void
  readonly stderr: (bytes: Uint8Array | null) => void
  readonly fetchProgress: () => void
  readonly decodeASCII: false
}

/** What is needed to compile C. */
export interface CTools {
  readonly run: RunLlvm
  /** clang's header for SIMD. */
  readonly simdHeader: Uint8Array
  /** The archive of musl's functions. */
  readonly library: Uint8Array
}

/**
 * The name of the file in messages. It is constant, so that the same source gives the same bytes despite `__FILE__`.
 */
export const C_FILE = 'kernel.c'
const MODULE = 'kernel.ll'
const OBJECT = 'kernel.o'

/**
 * Compiles C to a kernel's binary.
 *
 * @throws KernelError `KERNEL_COMPILE_FAILED` with the compiler's messages, positions as `kernel.c:LINE:COLUMN`
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

/** The unoptimised LLVM IR of a source, with twins for its recursive functions. */
async function pairedModule(run: RunLlvm, clang: readonly string[], files: Files): Promise<Uint8Array> {
  const args = [...clang, MODULE, '-emit-llvm', '-disable-llvm-passes', '-x', 'c', C_FILE]
  const { [MODULE]: module } = await call(run, args, files)
  return utf8(twinRecursive(fromUtf8(module as Uint8Array)))
}

async function call(run: RunLlvm, args: readonly string[], files: Files): Promise<Files> {
  const output: Uint8Array[] = []
  // Copied, because the bytes are a view of the tool's memory, which changes.
  const collect = (bytes: Uint8Array | null) => void (bytes && output.push(bytes.slice()))
  try {
    return await run(args, files, { stdout: collect, stderr: collect, fetchProgress: () => {}, decodeASCII: false })
  } catch (cause) {
    const text = explain(fromUtf8(Buffer.concat(output)))
    if (text === '') throw cause
    const remedy = /file not found/.test(text) ? MISSING_HEADER : undefined
    throw new KernelError('KERNEL_COMPILE_FAILED', text, { cause, ...(remedy && { remedy }) })
  }
}

const MISSING_HEADER = `a kernel can include ${[...Object.keys(HEADERS), SIMD_HEADER].join(', ')}, and no other header`

/** The tool's messages, without their count, and with one file name for both tools. */
function explain(text: string): string {
  return text
    .replaceAll(/^\d+ (error|warning)s?.* generated\.$/gm, '')
    .replaceAll(/wasm-ld: error: kernel\.o: /g, `${C_FILE}: error: `)
    .trim()
}
