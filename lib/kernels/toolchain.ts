import { utf8 } from '../encoding/bytes.ts'
import { digestOf } from '../encoding/digest.ts'
import { HEADERS } from './c/headers.ts'
import { RECURSION_VERSION } from './c/recursion.ts'
import type { KernelLanguage } from './language.ts'

/** The versions of the compilers. They are pinned, because the same source must give the same bytes everywhere. */
export const CLANG_VERSION = '22.0.0-git20542-10'
export const ASSEMBLYSCRIPT_VERSION = '0.28.20'

/** The npm package with the compiler of each language. */
export const COMPILER_PACKAGES = {
  c: { title: 'C', name: '@yowasp/clang', version: CLANG_VERSION },
  assemblyscript: { title: 'AssemblyScript', name: 'assemblyscript', version: ASSEMBLYSCRIPT_VERSION },
} as const

/** The name of the file beside a compiler that holds its version. The file is missing if the compiler is. */
export const versionFile = (language: KernelLanguage): string => `${language}.version`

/** The flags of `clang -cc1`: C11, freestanding, and nothing that depends on the computer or the time. */
export const CLANG_FLAGS: readonly string[] = [
  ...['-triple', 'wasm32', '-O3', '-std=c11', '-ffreestanding', '-disable-free'],
  ...['-mrelocation-model', 'static', '-mframe-pointer=none', '-ffp-contract=on', '-fno-rounding-math'],
  ...['-target-cpu', 'generic', '-target-feature', '+simd128', '-target-feature', '+bulk-memory'],
  ...['-vectorize-loops', '-vectorize-slp', '-source-date-epoch', '0'],
  ...['-nostdsysteminc', '-nobuiltininc', '-internal-isystem', '/include'],
  ...['-ferror-limit', '20', '-fno-caret-diagnostics', '-Werror=return-type', '-Werror=incompatible-pointer-types'],
]

/**
 * The flags of the linker. The stack comes first in memory, so that an overflow traps instead of overwriting data.
 * Every definition that is not static is exported.
 */
export const LINKER_FLAGS: readonly string[] = [
  ...['-m', 'wasm32', '-O2', '--no-entry', '--export-dynamic', '--strip-all', '--stack-first'],
  ...['-z', 'stack-size=65536', '--max-memory=67108864'],
]

/** The flags of AssemblyScript. Top-level code becomes a function to call, instead of a start section. */
export const ASSEMBLYSCRIPT_FLAGS: readonly string[] = [
  ...['-O3', '--noAssert', '--runtime', 'incremental', '--enable', 'simd', '--exportStart', '_initialize'],
  ...['--use', 'abort=', '--maximumMemory', '1024', '--memoryBase', '1024'],
]

/** The version of the entry module around an author's AssemblyScript, see assemblyscript/compile.ts. */
const ENTRY_VERSION = 1

const TOOLCHAINS: Readonly<Record<KernelLanguage, readonly unknown[]>> = {
  c: ['clang', CLANG_VERSION, CLANG_FLAGS, LINKER_FLAGS, HEADERS, RECURSION_VERSION],
  assemblyscript: ['assemblyscript', ASSEMBLYSCRIPT_VERSION, ASSEMBLYSCRIPT_FLAGS, ENTRY_VERSION],
}

/** SHA-256, base64url, of source, compiler, flags and headers. It determines the binary. */
export function kernelDigest(source: string, language: KernelLanguage): string {
  return digestOf(utf8(JSON.stringify([language, ...TOOLCHAINS[language], source])))
}
