import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildSandboxAssets } from './sandbox-assets.ts'

/** The root of the package: of the checkout, or of the installed package when this file runs from `dist/`. */
const ROOT = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../' : '../../../', import.meta.url))
const RUNS_FROM_SOURCE = import.meta.url.endsWith('.ts')

/** Where the data-locality function's code lies, as the CDK deploys it and the local cloud runs it. */
export const FUNCTION_ASSET = join(ROOT, 'dist/functions/data-locality')

/**
 * Builds the data-locality function into `outDir`: `index.mjs`, and what the sandbox needs beside it. AWS and the
 * local cloud get the very same folder.
 */
export async function buildFunctionAsset(outDir: string = FUNCTION_ASSET): Promise<void> {
  await mkdir(outDir, { recursive: true })
  await Promise.all([buildHandler(outDir), buildSandboxAssets(outDir)])
}

/** The asset's folder, built anew when it is older than the sources (in a checkout; a package brings it along). */
export async function ensureFunctionAsset(): Promise<string> {
  if (RUNS_FROM_SOURCE && (await isStale(join(FUNCTION_ASSET, 'index.mjs')))) await buildFunctionAsset()
  return FUNCTION_ASSET
}

async function buildHandler(outDir: string): Promise<void> {
  await build({
    entryPoints: [join(ROOT, 'functions/data-locality/index.ts')],
    outfile: join(outDir, 'index.mjs'),
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

async function isStale(file: string): Promise<boolean> {
  const built = await modified(file)
  if (built === 0) return true
  const sources = ['lib', 'functions'].map((room) => join(ROOT, room))
  const newest = await Promise.all([...sources.map(newestBelow), modified(join(ROOT, 'package-lock.json'))])
  return Math.max(...newest) > built
}

async function newestBelow(dir: string): Promise<number> {
  const files = await readdir(dir, { recursive: true, withFileTypes: true })
  const times = files.filter((file) => file.isFile()).map((file) => modified(join(file.parentPath, file.name)))
  return Math.max(0, ...(await Promise.all(times)))
}

async function modified(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.mtimeMs,
    () => 0,
  )
}
