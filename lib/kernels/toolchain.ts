import { utf8 } from '../encoding/bytes.ts'
import { digestOf } from '../encoding/digest.ts'
import { HEADERS } from './c/headers.ts'
import { RECURSION_VERSION } from './c/recursion.ts'
import type { KernelLanguage } from './language.ts'

/** Versions of the compilers. They are pinned: the same source has to give the same bytes wherever it is compiled. */
export const CLANG_VERSION = '22.0.0-git20542-10'
export const ASSEMBLYSCRIPT_VERSION = '0.28.20'

/** The package that compiles each language. */
export const COMPILER_PACKAGES = {
  c: { title: 'C', name: '@yowasp/clang', version: CLANG_VERSION },
  assemblyscript: { title: 'AssemblyScript', name: 'assemblyscript', version: ASSEMBLYSCRIPT_VERSION },
} as const

/** The file beside a compiler that says which version it is: the compiler's package may be none or another one. */
export const versionFile = (language: KernelLanguage): string => `${language}.version`

/** What clang's compiler proper is called with: C11, freestanding, no names of the machine, no time. */
export const CLANG_FLAGS: readonly string[] = [
  ...['-triple', 'wasm32', '-O3', '-std=c11', '-ffreestanding', '-disable-free'],
  ...['-mrelocation-model', 'static', '-mframe-pointer=none', '-ffp-contract=on', '-fno-rounding-math'],
  ...['-target-cpu', 'generic', '-target-feature', '+simd128', '-target-feature', '+bulk-memory'],
  ...['-vectorize-loops', '-vectorize-slp', '-source-date-epoch', '0'],
  ...['-nostdsysteminc', '-nobuiltininc', '-internal-isystem', '/include'],
  ...['-ferror-limit', '20', '-fno-caret-diagnostics', '-Werror=return-type', '-Werror=incompatible-pointer-types'],
]

/**
 * What its linker is called with. The stack comes first, so that one that runs over ends in a trap and not in the data;
 * every definition that is not static is exported.
 */
export const LINKER_FLAGS: readonly string[] = [
  ...['-m', 'wasm32', '-O2', '--no-entry', '--export-dynamic', '--strip-all', '--stack-first'],
  ...['-z', 'stack-size=65536', '--max-memory=67108864'],
]

/** What AssemblyScript is called with. What would run at the start is a function to call. */
export const ASSEMBLYSCRIPT_FLAGS: readonly string[] = [
  ...['-O3', '--noAssert', '--runtime', 'incremental', '--enable', 'simd', '--exportStart', '_initialize'],
  ...['--use', 'abort=', '--maximumMemory', '1024', '--memoryBase', '1024'],
]

/** Version of what is put around an author's AssemblyScript: see assemblyscript/entry.ts. */
const ENTRY_VERSION = 1

const TOOLCHAINS: Readonly<Record<KernelLanguage, readonly unknown[]>> = {
  c: ['clang', CLANG_VERSION, CLANG_FLAGS, LINKER_FLAGS, HEADERS, RECURSION_VERSION],
  assemblyscript: ['assemblyscript', ASSEMBLYSCRIPT_VERSION, ASSEMBLYSCRIPT_FLAGS, ENTRY_VERSION],
}

/** SHA-256, base64url, of source, compiler, flags and headers: whoever has it knows the binary. */
export function kernelDigest(source: string, language: KernelLanguage): string {
  return digestOf(utf8(JSON.stringify([language, ...TOOLCHAINS[language], source])))
}
