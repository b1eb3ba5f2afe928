import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { moduleFile, ROOT } from '../bundle/asset-files.ts'
import { ASSET_FILES } from '../sandbox/contract/assets.ts'
import { bootedImage, encodeImage } from '../sandbox/engine/boot.ts'

const require = createRequire(import.meta.url)
const ENGINE = require.resolve('quickjs-wasi/quickjs.wasm')

/** The package that contains the engine's binary. */
export const ENGINE_PACKAGE: string = dirname(ENGINE)

const BUNDLE = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  format: 'esm',
  legalComments: 'none',
  metafile: true,
} as const

/**
 * Builds the files of a sandbox into `folder`: `executor.mjs` (the child process), `executor-thread.mjs` (its thread for
 * agents), `executor-kernels.mjs` (the code for kernels and their worker threads), `prelude.mjs` (the module
 * `lander/agent` inside a place), `quickjs.wasm` (the engine) and `machine.image` (the engine's memory after it has
 * evaluated the prelude). The same sources give the same bytes.
 *
 * @returns esbuild's account of what they contain
 * @example
 * await buildSandboxAssets('dist/sandbox')
 * const sandbox = createSandbox({ assets: 'dist/sandbox' })
 */
export async function buildSandboxAssets(folder: string): Promise<Metafile[]> {
  await mkdir(folder, { recursive: true })
  const [executor, agent] = await Promise.all([
    build({
      ...BUNDLE,
      // Separate files, so that no thread loads more than it needs, above all at a cold start.
      entryPoints: {
        executor: moduleFile('sandbox/executor/main'),
        'executor-thread': moduleFile('sandbox/executor/thread-entry'),
        'executor-kernels': moduleFile('sandbox/executor/kernels/entry'),
      },
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      platform: 'node',
      target: 'node20',
    }),
    build({
      ...BUNDLE,
      entryPoints: [moduleFile('agent/prelude/main')],
      outfile: join(folder, ASSET_FILES.prelude),
      platform: 'neutral',
      target: 'es2023',
    }),
    copyFile(ENGINE, join(folder, ASSET_FILES.engine)),
  ])
  const [binary, prelude] = await Promise.all([
    readFile(join(folder, ASSET_FILES.engine)),
    readFile(join(folder, ASSET_FILES.prelude), 'utf8'),
  ])
  const image = await bootedImage({ engine: new WebAssembly.Module(binary), prelude, compiles: false })
  await writeFile(join(folder, ASSET_FILES.image), encodeImage(image))
  return [executor.metafile, agent.metafile]
}
