/**
 * The compiler's process. It compiles one source after the other and does nothing else, so it can be killed when a
 * compile does not end or exhausts its memory.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { KernelError, toWireError } from '../errors.ts'
import { type AssemblyScript, compileAssemblyScript } from './assemblyscript/compile.ts'
import { type CTools, compileC, type RunLlvm } from './c/compile.ts'
import { readCPrototypes } from './c/prototypes.ts'
import type { CompiledKernel, CompileReply, CompileRequest } from './compile-request.ts'
import type { KernelLanguage } from './language.ts'
import { COMPILER_PACKAGES, versionFile } from './toolchain.ts'

// clang is a module of 75 MB, and a compile uses a few per cent of it. So V8 validates and compiles its functions
// lazily and optimises them late. This halves the time of cold and warm compiles.
setFlagsFromString('--wasm-lazy-compilation')
setFlagsFromString('--wasm-lazy-validation')
setFlagsFromString('--wasm-tiering-budget=20000000')
// 1 GiB for each WebAssembly module of the compilers.
setFlagsFromString('--wasm-max-mem-pages=16384')

const FOLDER = import.meta.dirname

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error) => {
      // The user may install the compiler before the next kernel arrives.
      made = undefined
      throw error
    })
    return made
  }
}

/** Refuses a compiler of another version: the same source must give the same bytes in every place. */
async function requireCompiler(language: KernelLanguage): Promise<void> {
  const { title, name, version } = COMPILER_PACKAGES[language]
  const found = await readFile(join(FOLDER, versionFile(language)), 'utf8').catch(() => undefined)
  if (found === version) return
  throw new KernelError('KERNEL_UNREACHABLE', `this place cannot compile ${title}: it has no ${name} ${version}`, {
    remedy:
      'send kernels as binaries (lander pack --kernels binary); or, for a local cloud, ' +
      `npm install ${name}@${version} (with --global if Lander is a global package)`,
  })
}

const cTools = once(async (): Promise<CTools> => {
  await requireCompiler('c')
  const [{ runLLVM: run }, simdHeader, library] = await Promise.all([
    import(pathToFileURL(join(FOLDER, 'clang/bundle.js')).href) as Promise<{ runLLVM: RunLlvm }>,
    readFile(join(FOLDER, 'wasm_simd128.h')),
    readFile(join(FOLDER, 'library.a')),
  ])
  return { run, simdHeader, library }
})

const assemblyScript = once(async (): Promise<AssemblyScript> => {
  await requireCompiler('assemblyscript')
  return (await import(pathToFileURL(join(FOLDER, 'assemblyscript.mjs')).href)) as AssemblyScript
})

const compile: Readonly<Record<KernelLanguage, (source: string) => Promise<CompiledKernel>>> = {
  async c(source) {
    return { binary: await compileC(source, await cTools()), ...readCPrototypes(source) }
  },
  async assemblyscript(source) {
    return { ...(await compileAssemblyScript(source, await assemblyScript())), unusable: new Map() }
  },
}

async function answer({ id, source, language }: CompileRequest): Promise<CompileReply> {
  try {
    return { id, compiled: await compile[language](source) }
  } catch (error) {
    return { id, error: toWireError(error) }
  }
}

let turn: Promise<unknown> = Promise.resolve()
process.on('message', (request: CompileRequest) => {
  turn = turn.then(async () => process.send?.(await answer(request)))
})
process.on('disconnect', () => process.exit())
