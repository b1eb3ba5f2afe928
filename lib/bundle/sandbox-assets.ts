import { copyFile, mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { moduleFile } from './asset-files.ts'

const require = createRequire(import.meta.url)

/**
 * Builds the files a sandbox is made of into `folder`: `executor.mjs` (the child process), `executor-thread.mjs` (the
 * thread in it), `executor-kernels.mjs` (what kernels need, and the threads they run in), `prelude.mjs` (the module
 * `lander/agent` inside a place) and `quickjs.wasm` (the engine). The same sources give the same bytes.
 *
 * @example
 * await buildSandboxAssets('dist/sandbox')
 * const sandbox = createSandbox({ assets: 'dist/sandbox' })
 */
export async function buildSandboxAssets(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await Promise.all([
    build({
      // Files of their own: no thread reads more than it needs, least of all at a cold start.
      entryPoints: {
        executor: moduleFile('sandbox/executor/main'),
        'executor-thread': moduleFile('sandbox/executor/thread-entry'),
        'executor-kernels': moduleFile('sandbox/executor/kernels/entry'),
      },
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      legalComments: 'none',
    }),
    build({
      entryPoints: [moduleFile('agent/prelude/main')],
      outfile: join(folder, 'prelude.mjs'),
      bundle: true,
      platform: 'neutral',
      format: 'esm',
      target: 'es2023',
      minify: true,
      legalComments: 'none',
    }),
    copyFile(require.resolve('quickjs-wasi/quickjs.wasm'), join(folder, 'quickjs.wasm')),
  ])
}
