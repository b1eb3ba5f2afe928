import { access, constants, copyFile, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { InternalError, KernelError } from '../errors.ts'
import { SIMD_HEADER } from '../kernels/c/headers.ts'
import type { KernelLanguage } from '../kernels/language.ts'
import { ASSEMBLYSCRIPT_VERSION, CLANG_VERSION, COMPILER_PACKAGES, versionFile } from '../kernels/toolchain.ts'
import { VERSION } from '../version.ts'
import { isStale, ROOT, RUNS_FROM_SOURCE, userCache } from './asset-files.ts'
import { buildHandler } from './build-handler.ts'
import { missingPackages } from './optional-packages.ts'
import { NOTICES_FILE, writeNotices } from './third-party-notices.ts'

const require = createRequire(import.meta.url)

/** The folder with the compiler function's code: for the CDK, the local cloud, and packing. */
export const COMPILER_ASSET: string = join(ROOT, 'dist/functions/compiler')

/** The files from clang's resources, with their names in the asset. The rest is for C++ and an operating system. */
const RESOURCES = {
  [`include/${SIMD_HEADER}`]: SIMD_HEADER,
  'lib/wasm32-wasip1/libc.a': 'library.a',
} as const

const CLANG_FILES = ['bundle.js', 'llvm.core.wasm', 'llvm.core2.wasm', 'llvm.core3.wasm', 'llvm.core4.wasm']

/** The function's own code. The package contains it; the compilers are copied when they are needed. */
const CODE_FILES = ['index.mjs', 'compiler.mjs', NOTICES_FILE]

const COPY: Readonly<Record<KernelLanguage, (outDir: string) => Promise<void>>> = {
  c: copyClang,
  assemblyscript: copyAssemblyScript,
}
const LANGUAGES = Object.keys(COPY) as KernelLanguage[]

/**
 * Builds the compiler function into `outDir`: `index.mjs`, the handler; `compiler.mjs`, the process that compiles;
 * clang, with the resources that kernels may use; and AssemblyScript. AWS, the local cloud and the packer use the same
 * folder. It has about 100 MB, most of it clang.
 *
 * @throws KernelError `KERNEL_UNREACHABLE` if a compiler is not installed
 */
export async function buildCompilerAsset(outDir: string = COMPILER_ASSET): Promise<void> {
  for (const language of LANGUAGES) requireCompiler(language)
  await buildCode(outDir)
  for (const language of LANGUAGES) await COPY[language](outDir)
}

/**
 * The asset's folder. Rebuilds the code if it is older than the sources (only in a checkout: the package contains it),
 * and copies the compilers of these languages if they are missing or have another version.
 *
 * @throws KernelError `KERNEL_UNREACHABLE` if the compiler of one of them is not installed
 */
export async function ensureCompilerAsset(languages: readonly KernelLanguage[] = LANGUAGES): Promise<string> {
  const folder = await ensureCode()
  for (const language of languages) {
    if (await isCopied(folder, language)) continue
    requireCompiler(language)
    await copyOnce(folder, language)
  }
  return folder
}

/** The asset's folder with the compilers that are installed. The function refuses sources of the other languages. */
export async function ensureInstalledCompilers(): Promise<string> {
  return ensureCompilerAsset(
    LANGUAGES.filter((language) => missingPackages([COMPILER_PACKAGES[language].name]) === undefined),
  )
}

/** @throws KernelError `KERNEL_UNREACHABLE` */
function requireCompiler(language: KernelLanguage): void {
  const { name, title } = COMPILER_PACKAGES[language]
  const missing = missingPackages([name])
  if (missing === undefined) return
  const { fact, remedy } = missing
  throw new KernelError('KERNEL_UNREACHABLE', `this computer cannot compile ${title}: ${fact}`, { remedy })
}

async function ensureCode(): Promise<string> {
  if (RUNS_FROM_SOURCE) {
    if (await isStale(join(COMPILER_ASSET, NOTICES_FILE))) await buildCode(COMPILER_ASSET)
    return COMPILER_ASSET
  }
  const writable = await access(COMPILER_ASSET, constants.W_OK).then(
    () => true,
    () => false,
  )
  copied ??= writable ? undefined : copyCode()
  return copied ?? COMPILER_ASSET
}

let copied: Promise<string> | undefined

/**
 * Copies the code to the user's cache, for an installation that this user may not write to. The compilers are then copied
 * there too.
 */
async function copyCode(): Promise<string> {
  const folder = join(userCache(), `compiler-${VERSION}`)
  await mkdir(folder, { recursive: true })
  for (const name of CODE_FILES) await writeWhole(join(folder, name), await readFile(join(COMPILER_ASSET, name)))
  return folder
}

async function buildCode(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true })
  const metafiles = await Promise.all([
    buildHandler('lib/kernels/compiler-main.ts', outDir, 'compiler'),
    buildHandler('functions/compiler/index.ts', outDir),
  ])
  await writeNotices(join(outDir, NOTICES_FILE), { metafiles })
}

async function isCopied(folder: string, language: KernelLanguage): Promise<boolean> {
  const version = await readFile(join(folder, versionFile(language)), 'utf8').catch(() => '')
  return version === COMPILER_PACKAGES[language].version
}

const underWay = new Map<string, Promise<void>>()

/** Copies a compiler. Calls for the same compiler at the same time share one copy. */
async function copyOnce(folder: string, language: KernelLanguage): Promise<void> {
  const path = join(folder, versionFile(language))
  const copying = underWay.get(path) ?? COPY[language](folder).finally(() => underWay.delete(path))
  underWay.set(path, copying)
  await copying
}

async function copyClang(outDir: string): Promise<void> {
  await mkdir(join(outDir, 'clang'), { recursive: true })
  const folder = dirname(require.resolve('@yowasp/clang'))
  await Promise.all(CLANG_FILES.map((name) => linkOrCopy(join(folder, name), join(outDir, 'clang', name))))
  const resources = await readFile(join(folder, 'llvm-resources.tar'))
  for (const [path, name] of Object.entries(RESOURCES)) await writeWhole(join(outDir, name), fileInTar(resources, path))
  // clang unpacks this archive before every call, so it is empty.
  await writeWhole(join(outDir, 'clang/llvm-resources.tar'), new Uint8Array(1024))
  await writeNotices(noticesOf(outDir, 'c'), { copiedFrom: [dirname(folder)] })
  await writeWhole(join(outDir, versionFile('c')), CLANG_VERSION)
}

/** Bundles AssemblyScript's package and command into one module, because the parser is needed without the command. */
async function copyAssemblyScript(outDir: string): Promise<void> {
  const result = await build({
    stdin: {
      contents: "export { default as asc } from 'assemblyscript/asc'\nexport * as parser from 'assemblyscript'\n",
      resolveDir: ROOT,
    },
    absWorkingDir: ROOT,
    write: false,
    metafile: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'warning',
  })
  await writeWhole(join(outDir, 'assemblyscript.mjs'), result.outputFiles[0]!.contents)
  await writeNotices(noticesOf(outDir, 'assemblyscript'), { metafiles: [result.metafile] })
  await writeWhole(join(outDir, versionFile('assemblyscript')), ASSEMBLYSCRIPT_VERSION)
}

/** A compiler has a file of notices of its own, because the package contains the code without the compilers. */
const noticesOf = (outDir: string, language: KernelLanguage): string => join(outDir, `${language}.${NOTICES_FILE}`)

/** Hard-links a file where that works, so that 75 MB are not stored twice; else copies it. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await rm(to, { force: true })
  await link(from, to).catch(() => copyFile(from, to))
}

/** Writes a file atomically: concurrent readers see all of it or nothing. */
async function writeWhole(path: string, contents: string | Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}`
  await writeFile(partial, contents)
  await rename(partial, path)
}

/**
 * Extracts a file from a tar archive (POSIX ustar). Its header has 512 bytes, with the size in octal digits at byte
 * 124.
 */
function fileInTar(tar: Uint8Array, path: string): Uint8Array {
  const text = (start: number, length: number) =>
    Buffer.from(tar.subarray(start, start + length))
      .toString('latin1')
      .split('\0')[0]!
  for (let at = 0; at + 512 <= tar.length; ) {
    const size = Number.parseInt(text(at + 124, 12), 8) || 0
    if (text(at, 100).replace(/^\.\//, '') === path) return tar.subarray(at + 512, at + 512 + size)
    at += 512 + Math.ceil(size / 512) * 512
  }
  throw new InternalError(`clang's resources contain no ${path}`)
}
