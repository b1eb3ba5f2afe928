import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { isStale, ROOT, RUNS_FROM_SOURCE } from '../bundle/asset-files.ts'
import { HANDLER } from '../bundle/build-handler.ts'
import { buildSandboxAssets } from './sandbox-assets.ts'

/** The folder with the data-locality function's code, which the CDK deploys and the local cloud runs. */
export const FUNCTION_ASSET = join(ROOT, 'dist/functions/data-locality')

/** The chunks that parts of the function share or load on demand. */
const PART = /^part-.*\.mjs$/

/**
 * Builds the data-locality function into `outDir`: `index.mjs`, its chunks, and the files of the sandbox. AWS and the
 * local cloud use the same folder.
 */
export async function buildFunctionAsset(outDir: string = FUNCTION_ASSET): Promise<void> {
  await mkdir(outDir, { recursive: true })
  // `index.mjs` is built last, because it marks a complete build.
  await buildSandboxAssets(outDir)
  await buildParts(outDir)
}

/** Splits the code: the first chunk is small, so that the executor starts at once, and others load on demand. */
async function buildParts(outDir: string): Promise<void> {
  const { metafile } = await build({
    ...HANDLER,
    entryPoints: { index: join(ROOT, 'functions/data-locality/index.ts') },
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'part-[hash]',
    splitting: true,
    metafile: true,
  })
  const built = new Set(Object.keys(metafile!.outputs).map((path) => basename(path)))
  const old = (await readdir(outDir)).filter((file) => PART.test(file) && !built.has(file))
  for (const file of old) await rm(join(outDir, file), { force: true })
}

/** The asset's folder. Rebuilt if it is older than the sources (only in a checkout: the package contains it). */
export async function ensureFunctionAsset(): Promise<string> {
  if (RUNS_FROM_SOURCE && (await isStale(join(FUNCTION_ASSET, 'index.mjs')))) await buildFunctionAsset()
  return FUNCTION_ASSET
}
