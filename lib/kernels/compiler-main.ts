/**
 * The compiler's own process: sources in, binaries out, one after the other. It has no work but this, so that an
 * endless compile, or one that eats all memory, can be ended by ending it.
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

// clang is a module of 75 MB, of which a compile uses a few per cent: its functions are validated and compiled as they
// are called, and optimised late, since optimising competes with compiling. Halves a cold compile, and a warm one too.
setFlagsFromString('--wasm-lazy-compilation')
setFlagsFromString('--wasm-lazy-validation')
setFlagsFromString('--wasm-tiering-budget=20000000')
// 1 GiB for each of the compilers' own modules.
setFlagsFromString('--wasm-max-mem-pages=16384')

const FOLDER = import.meta.dirname

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error) => {
      // The compiler may be installed before the next kernel comes.
      made = undefined
      throw error
    })
    return made
  }
}

/** The same source has to give the same bytes in every place, so a compiler of another version is none. */
async function requireCompiler(language: KernelLanguage): Promise<void> {
  const { title, name, version } = COMPILER_PACKAGES[language]
  const found = await readFile(join(FOLDER, versionFile(language)), 'utf8').catch(() => undefined)
  if (found === version) return
  throw new KernelError('KERNEL_UNREACHABLE', `this place can't compile ${title}: it has no ${name} ${version}`, {
    remedy:
      'send kernels as binaries (lander pack --kernels binary); or, for a local cloud, ' +
      `npm install ${name}@${version} (with --global if Lander is a global package), and start it anew`,
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
