import { copyFile, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { InternalError } from '../errors.ts'
import { SIMD_HEADER } from '../kernels/c/headers.ts'
import { ASSEMBLYSCRIPT_VERSION, CLANG_VERSION } from '../kernels/toolchain.ts'
import { isStale, ROOT, RUNS_FROM_SOURCE } from './asset-files.ts'
import { buildHandler } from './build-handler.ts'

const require = createRequire(import.meta.url)

/** The folder with the compiler function's code: for the CDK, the local cloud, and packing. */
export const COMPILER_ASSET: string = join(ROOT, 'dist/functions/compiler')

/** The files from clang's resources, with their names in the asset. The rest is for C++ and an operating system. */
const RESOURCES = {
  [`include/${SIMD_HEADER}`]: SIMD_HEADER,
  'lib/wasm32-wasip1/libc.a': 'library.a',
} as const

const CLANG_FILES = ['bundle.js', 'llvm.core.wasm', 'llvm.core2.wasm', 'llvm.core3.wasm', 'llvm.core4.wasm']

/** Names the versions of the compilers in the asset. */
const TOOLS_FILE = 'tools.json'
const TOOLS = JSON.stringify({ clang: CLANG_VERSION, assemblyscript: ASSEMBLYSCRIPT_VERSION })

/**
 * Builds the compiler function into `outDir`: `index.mjs`, the handler; `compiler.mjs`, the process that compiles;
 * clang, with the resources that kernels may use; and AssemblyScript. AWS, the local cloud and the packer use the same
 * folder. It has about 100 MB, most of it clang.
 */
export async function buildCompilerAsset(outDir: string = COMPILER_ASSET): Promise<void> {
  await buildCode(outDir)
  await bringTools(outDir)
}

/**
 * The asset's folder. Rebuilds the code if it is older than the sources (only in a checkout: the package contains it),
 * and copies the compilers if they are missing or have another version.
 */
export async function ensureCompilerAsset(): Promise<string> {
  if (RUNS_FROM_SOURCE && (await isStale(join(COMPILER_ASSET, 'index.mjs')))) await buildCode(COMPILER_ASSET)
  const tools = await readFile(join(COMPILER_ASSET, TOOLS_FILE), 'utf8').catch(() => '')
  if (tools !== TOOLS) await bringTools(COMPILER_ASSET)
  return COMPILER_ASSET
}

async function buildCode(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true })
  await Promise.all([
    buildHandler('lib/kernels/compiler-main.ts', outDir, 'compiler'),
    buildHandler('functions/compiler/index.ts', outDir),
  ])
}

/**
 * Copies the compilers from their packages. The file with the versions is written last, so it marks a complete copy.
 */
async function bringTools(outDir: string): Promise<void> {
  await mkdir(join(outDir, 'clang'), { recursive: true })
  await Promise.all([bringClang(outDir), bringAssemblyScript(outDir)])
  await writeWhole(join(outDir, TOOLS_FILE), TOOLS)
}

async function bringClang(outDir: string): Promise<void> {
  const folder = dirname(require.resolve('@yowasp/clang'))
  await Promise.all(CLANG_FILES.map((name) => bring(join(folder, name), join(outDir, 'clang', name))))
  const resources = await readFile(join(folder, 'llvm-resources.tar'))
  for (const [path, name] of Object.entries(RESOURCES)) await writeWhole(join(outDir, name), fileInTar(resources, path))
  // clang unpacks this archive before every call, so it is empty.
  await writeWhole(join(outDir, 'clang/llvm-resources.tar'), new Uint8Array(1024))
}

/** Bundles AssemblyScript's package and command into one module, because the parser is needed without the command. */
async function bringAssemblyScript(outDir: string): Promise<void> {
  const result = await build({
    stdin: {
      contents: "export { default as asc } from 'assemblyscript/asc'\nexport * as parser from 'assemblyscript'\n",
      resolveDir: ROOT,
    },
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'warning',
  })
  await writeWhole(join(outDir, 'assemblyscript.mjs'), result.outputFiles[0]!.contents)
}

/** Hard-links a file where that works, so that 75 MB are not stored twice; else copies it. */
async function bring(from: string, to: string): Promise<void> {
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
