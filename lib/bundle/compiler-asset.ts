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

/** Where the compiler function's code lies: for the CDK, the local cloud, and packing. */
export const COMPILER_ASSET: string = join(ROOT, 'dist/functions/compiler')

/** What is taken out of clang's resources, and its name in the asset; the rest is C++ and a system no kernel has. */
const RESOURCES = {
  [`include/${SIMD_HEADER}`]: SIMD_HEADER,
  'lib/wasm32-wasip1/libc.a': 'library.a',
} as const

const CLANG_FILES = ['bundle.js', 'llvm.core.wasm', 'llvm.core2.wasm', 'llvm.core3.wasm', 'llvm.core4.wasm']

/** The function's own code, which is built, as the compilers are not. */
const CODE_FILES = ['index.mjs', 'compiler.mjs', NOTICES_FILE]

const BRING: Readonly<Record<KernelLanguage, (outDir: string) => Promise<void>>> = {
  c: bringClang,
  assemblyscript: bringAssemblyScript,
}
const LANGUAGES = Object.keys(BRING) as KernelLanguage[]

/**
 * Builds the compiler function into `outDir`: `index.mjs`, the handler; `compiler.mjs`, the process it compiles in;
 * clang, with what a kernel may use of its resources; and AssemblyScript. AWS, the local cloud and packing get the very
 * same folder. It has about 100 MB, most of it clang.
 *
 * @throws KernelError `KERNEL_UNREACHABLE` where a compiler is not installed
 */
export async function buildCompilerAsset(outDir: string = COMPILER_ASSET): Promise<void> {
  for (const language of LANGUAGES) requireCompiler(language)
  await buildCode(outDir)
  for (const language of LANGUAGES) await BRING[language](outDir)
}

/**
 * The asset's folder, with its code built anew when it is older than the sources (in a checkout; a package brings it
 * along) and the compilers of these languages brought in when they are missing or of another version.
 *
 * @throws KernelError `KERNEL_UNREACHABLE` where the compiler of one of them is not installed
 */
export async function ensureCompilerAsset(languages: readonly KernelLanguage[] = LANGUAGES): Promise<string> {
  const folder = await ensureCode()
  for (const language of languages) {
    if (await isBrought(folder, language)) continue
    requireCompiler(language)
    await bringOnce(folder, language)
  }
  return folder
}

/** The asset's folder with the compilers that are installed; the function refuses what is in another language. */
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
  throw new KernelError('KERNEL_UNREACHABLE', `${title} can't be compiled here: ${fact}`, { remedy })
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
  return writable ? COMPILER_ASSET : copyCode()
}

/** Installed for all users, the package is not this one's to write to: the compilers come to a copy in the cache. */
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

async function isBrought(folder: string, language: KernelLanguage): Promise<boolean> {
  const version = await readFile(join(folder, versionFile(language)), 'utf8').catch(() => '')
  return version === COMPILER_PACKAGES[language].version
}

const underWay = new Map<string, Promise<void>>()

/** Several who want the same compiler at the same time wait for one that brings it. */
async function bringOnce(folder: string, language: KernelLanguage): Promise<void> {
  const path = join(folder, versionFile(language))
  const bringing = underWay.get(path) ?? BRING[language](folder).finally(() => underWay.delete(path))
  underWay.set(path, bringing)
  await bringing
}

async function bringClang(outDir: string): Promise<void> {
  await mkdir(join(outDir, 'clang'), { recursive: true })
  const folder = dirname(require.resolve('@yowasp/clang'))
  await Promise.all(CLANG_FILES.map((name) => bring(join(folder, name), join(outDir, 'clang', name))))
  const resources = await readFile(join(folder, 'llvm-resources.tar'))
  for (const [path, name] of Object.entries(RESOURCES)) await writeWhole(join(outDir, name), fileInTar(resources, path))
  // clang unpacks its resources before every call: nothing is left for it to unpack.
  await writeWhole(join(outDir, 'clang/llvm-resources.tar'), new Uint8Array(1024))
  await writeNotices(noticesOf(outDir, 'c'), { copiedFrom: [dirname(folder)] })
  await writeWhole(join(outDir, versionFile('c')), CLANG_VERSION)
}

/** Package and command as one module: the parser is needed apart from the command. */
async function bringAssemblyScript(outDir: string): Promise<void> {
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

/** A compiler has notices of its own: a package comes without it. */
const noticesOf = (outDir: string, language: KernelLanguage): string => join(outDir, `${language}.${NOTICES_FILE}`)

/** A link where that works: the same 75 MB need not be on the disk twice. */
async function bring(from: string, to: string): Promise<void> {
  await rm(to, { force: true })
  await link(from, to).catch(() => copyFile(from, to))
}

/** Others may be reading: a file is there whole, or not. */
async function writeWhole(path: string, contents: string | Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}`
  await writeFile(partial, contents)
  await rename(partial, path)
}

/** A file of a tar archive (POSIX ustar): 512 bytes of header each, with the size in octal digits at byte 124. */
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
  throw new InternalError(`clang's resources have no ${path}`)
}
