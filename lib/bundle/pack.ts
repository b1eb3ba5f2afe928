import { basename, dirname, join, resolve } from 'node:path'
import { type BuildFailure, type BuildResult, build } from 'esbuild'
import { UsageError } from '../errors.ts'
import { createKernelImports, type KernelImports } from './kernel-imports.ts'
import { takeLiteralKernels } from './literal-kernels.ts'
import type { PackedKernel } from './packed-kernel.ts'

/** The source of an agent. */
export interface AgentSource {
  /** The path of the agent's entry file, in TypeScript or JavaScript. */
  readonly path: string
}

/** An agent as one minified ES module; `lander/agent` is its only import. */
export interface AgentModule {
  /** The name of the entry file, without folders. */
  readonly name: string
  readonly code: string
  /** The source map as JSON, without the sources. It stays with the packer and is never part of a bundle. */
  readonly map: string
  /** The kernels that it imports from files or contains as literals. */
  readonly kernels: readonly PackedKernel[]
}

const NODE_BUILTIN =
  /^(node:|(assert|buffer|child_process|crypto|dns|events|fs|http|http2|https|net|os|path|process|stream|timers|tls|url|util|vm|worker_threads|zlib)(\/|$))/

/**
 * Names by which npm packages detect their platform. esbuild replaces only global names, never those that the author
 * declares.
 */
const NAMES_OF_OTHER_PLATFORMS = { global: 'globalThis', 'process.env.NODE_ENV': '"production"' }

/**
 * Packs an agent with its own files and its pure JavaScript packages into one module. The same source gives the same
 * bytes: the module contains no time, no absolute path, and no source map.
 *
 * It also compiles all kernels, even if only their sources are to travel, so that the author sees mistakes first.
 *
 * @throws UsageError `FILE_NOT_FOUND`, `AGENT_INVALID`
 * @throws KernelError `KERNEL_COMPILE_FAILED`, `KERNEL_PROTOTYPE`, `KERNEL_MALFORMED`, `KERNEL_TIMEOUT`
 */
export async function packAgent(source: AgentSource): Promise<AgentModule> {
  const path = resolve(source.path)
  const imports = createKernelImports(dirname(path))
  const result = await bundleModule(path, imports)
  const [map, output] = result.outputFiles
  const exports = Object.values(result.metafile.outputs).flatMap((each) => each.exports)
  if (map === undefined || output === undefined || !exports.includes('default')) {
    throw new UsageError('AGENT_INVALID', `${basename(path)} has no default export`, {
      remedy: "end it with `export default agent(async (input) => …)` from 'lander/agent'",
    })
  }
  const imported = imports.kernels()
  const names = new Set(imported.map(({ name }) => name))
  const { code, map: moved, kernels } = await takeLiteralKernels({ code: output.text.trimEnd(), map: map.text }, names)
  return { name: basename(path), code, map: moved, kernels: [...imported, ...kernels] }
}

type Bundled = BuildResult<{ write: false; metafile: true }>

async function bundleModule(path: string, imports: KernelImports): Promise<Bundled> {
  try {
    return await build({
      entryPoints: [path],
      absWorkingDir: dirname(path),
      bundle: true,
      // Never written, but the paths in the source map are relative to it.
      outfile: join(dirname(path), 'main.js'),
      write: false,
      metafile: true,
      sourcemap: 'external',
      sourcesContent: false,
      minify: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['import', 'module', 'default'],
      target: 'es2023',
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'silent',
      external: ['lander/agent'],
      define: NAMES_OF_OTHER_PLATFORMS,
      plugins: [imports.plugin],
    })
  } catch (error) {
    throw imports.failure() ?? explainFailure(path, error, imports)
  }
}

/** Turns esbuild's first error into one with a remedy for the author. */
function explainFailure(path: string, error: unknown, imports: KernelImports): UsageError {
  const first = (error as Partial<BuildFailure>).errors?.[0]
  if (first === undefined)
    return new UsageError('AGENT_INVALID', `${basename(path)} could not be packed`, { cause: error })
  if (first.location === null && first.text.startsWith('Could not resolve')) {
    return new UsageError('FILE_NOT_FOUND', `there is no agent at ${path}`, { remedy: 'check the path' })
  }
  const place =
    first.location === null
      ? basename(path)
      : `${first.location.file}:${first.location.line}:${first.location.column + 1}`
  const missing = /^Could not resolve "([^"]+)"/.exec(first.text)?.[1]
  if (missing !== undefined && NODE_BUILTIN.test(missing)) {
    return new UsageError('AGENT_INVALID', `${place}: an agent can't import "${missing}"`, {
      remedy: 'reach objects through `here` from lander/agent, and import pure JavaScript packages only',
    })
  }
  const [, file, name] = /^No matching export in "([^"]+\.(?:c|as\.ts))" for import "([^"]+)"/.exec(first.text) ?? []
  if (file !== undefined && name !== undefined) {
    const why = imports.whyNot(file, name)
    return new UsageError('AGENT_INVALID', `${place}: ${first.text}${why === undefined ? '' : `: ${why}`}`, {
      remedy: 'what can be imported from a kernel is defined there, not static, and of types docs/kernels.md lists',
    })
  }
  const remedy = missing === undefined ? undefined : `install "${missing}" next to the agent, or correct the import`
  return new UsageError('AGENT_INVALID', `${place}: ${first.text}`, remedy === undefined ? {} : { remedy })
}
