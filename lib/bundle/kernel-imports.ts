import { readFile } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import type { OnLoadResult, Plugin } from 'esbuild'
import { KernelError, UsageError } from '../errors.ts'
import { ASSEMBLYSCRIPT_FILE } from '../kernels/assemblyscript/compile.ts'
import { C_FILE } from '../kernels/c/compile.ts'
import { type KernelLanguage, languageOf } from '../kernels/language.ts'
import { checkStructure } from '../kernels/structure.ts'
import { compileHere, kernelName, type PackedKernel, requireFunctions } from './packed-kernel.ts'

/** Collects the kernels that an agent's files import while esbuild bundles them. */
export interface KernelImports {
  readonly plugin: Plugin
  /** The kernels, sorted by name. */
  kernels(): PackedKernel[]
  /** The first error of a kernel, if there was one. */
  failure(): Error | undefined
  /** Why a function of a kernel's file can't be imported. */
  whyNot(file: string, name: string): string | undefined
}

/**
 * Lets an agent import `./scan.c`, `./mean.as.ts` and `./table.wasm`. A source becomes a module that exports the
 * kernel's functions; a binary becomes a module that exports the kernel.
 *
 * @param folder file names in messages are relative to this folder
 */
export function createKernelImports(folder: string): KernelImports {
  const byName = new Map<string, { kernel: PackedKernel; path: string }>()
  const unusable = new Map<string, ReadonlyMap<string, string>>()
  let failed: Error | undefined

  function add(path: string, kernel: PackedKernel): void {
    const other = byName.get(kernel.name)
    if (other !== undefined && other.path !== path) {
      const [one, two] = [other.path, path].map((each) => relative(folder, each)).sort()
      throw new UsageError('AGENT_INVALID', `${one} and ${two} would be kernels of the same name`, {
        remedy: 'rename one of the files',
      })
    }
    byName.set(kernel.name, { kernel, path })
  }
  async function load(path: string): Promise<OnLoadResult> {
    try {
      const language = languageOf(path)
      return { loader: 'js', contents: await (language ? source(path, language) : binary(path)) }
    } catch (error) {
      failed ??= error as Error
      return { errors: [{ text: (error as Error).message }] }
    }
  }
  async function source(path: string, language: KernelLanguage): Promise<string> {
    const text = await readFile(path, 'utf8')
    const file = relative(folder, path)
    const compiled = await compileHere(text, language).catch((error) => {
      throw inFile(error, file)
    })
    requireFunctions(compiled.binary, compiled.prototypes)
    const name = kernelName(basename(path).split('.')[0]!)
    const { binary, prototypes } = compiled
    add(path, { name, binary, source: { text, language }, file: slashed(file), prototypes })
    unusable.set(basename(path), compiled.unusable)
    return moduleOf(name, prototypes)
  }
  async function binary(path: string): Promise<string> {
    const bytes = new Uint8Array(await readFile(path))
    checkStructure(bytes)
    const name = kernelName(basename(path, '.wasm'))
    add(path, { name, binary: bytes, file: slashed(relative(folder, path)) })
    return `export default { kernel: ${JSON.stringify(name)} }`
  }

  return {
    plugin: {
      name: 'kernels',
      setup(build) {
        build.onLoad({ filter: /\.(c|as\.ts|wasm)$/ }, ({ path }) => load(path))
      },
    },
    kernels: () => [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { kernel }]) => kernel),
    failure: () => failed,
    whyNot: (file, name) => unusable.get(basename(file))?.get(name),
  }
}

const slashed = (path: string): string => path.replaceAll('\\', '/')

function moduleOf(name: string, prototypes: ReadonlyMap<string, string>): string {
  const functions = JSON.stringify(Object.fromEntries(prototypes))
  // The functions get other names first, since a C function may have a name that JavaScript reserves, such as `delete`.
  const lines = [...prototypes.keys()].map((each, i) => `const f${i} = functions.${each}; export { f${i} as ${each} }`)
  return [
    "import { bundledKernel } from 'lander/agent'",
    `const functions = bundledKernel(${JSON.stringify(name)}, ${functions})`,
    // A module without exports would make esbuild accept imports that don't exist.
    'export {}',
    ...lines,
  ].join('\n')
}

/** The compiler's error, with the name of the author's file. */
function inFile(error: unknown, file: string): unknown {
  if (!(error instanceof KernelError)) return error
  const message = error.message.replaceAll(C_FILE, file).replaceAll(ASSEMBLYSCRIPT_FILE, file)
  return new KernelError(error.code, message, { cause: error, ...(error.remedy && { remedy: error.remedy }) })
}
