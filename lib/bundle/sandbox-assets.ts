import { copyFile, mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { moduleFile } from './asset-files.ts'

const require = createRequire(import.meta.url)

/**
 * Builds the files a sandbox is made of into `folder`: `executor.mjs` (the child process and its thread),
 * `prelude.mjs` (the module `lander/agent` inside a place) and `quickjs.wasm` (the engine). The same sources give the
 * same bytes.
 *
 * @example
 * await buildSandboxAssets('dist/sandbox')
 * const sandbox = createSandbox({ assets: 'dist/sandbox' })
 */
export async function buildSandboxAssets(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await Promise.all([
    build({
      entryPoints: [moduleFile('sandbox/executor/main')],
      outfile: join(folder, 'executor.mjs'),
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
