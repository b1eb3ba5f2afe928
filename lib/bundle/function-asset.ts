import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { isStale, ROOT, RUNS_FROM_SOURCE } from './asset-files.ts'
import { buildSandboxAssets } from './sandbox-assets.ts'

/** Where the data-locality function's code lies, as the CDK deploys it and the local cloud runs it. */
export const FUNCTION_ASSET = join(ROOT, 'dist/functions/data-locality')

/**
 * Builds the data-locality function into `outDir`: `index.mjs`, and what the sandbox needs beside it. AWS and the
 * local cloud get the very same folder.
 */
export async function buildFunctionAsset(outDir: string = FUNCTION_ASSET): Promise<void> {
  await mkdir(outDir, { recursive: true })
  await Promise.all([
    buildHandler('functions/data-locality/index.ts', outDir),
    // A file of its own, so that a start without kernels does not even read it.
    buildHandler('functions/data-locality/kernels.ts', outDir, 'kernels'),
    buildSandboxAssets(outDir),
  ])
}

/** The asset's folder, built anew when it is older than the sources (in a checkout; a package brings it along). */
export async function ensureFunctionAsset(): Promise<string> {
  if (RUNS_FROM_SOURCE && (await isStale(join(FUNCTION_ASSET, 'index.mjs')))) await buildFunctionAsset()
  return FUNCTION_ASSET
}

/** Bundles a function's entry into `index.mjs`, or into the file that is named. */
export async function buildHandler(entry: string, outDir: string, name = 'index'): Promise<void> {
  await build({
    entryPoints: [join(ROOT, entry)],
    outfile: join(outDir, `${name}.mjs`),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'warning',
    // Some of the SDK's parts are CommonJS and ask for Node's modules with require.
    banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
  })
}
