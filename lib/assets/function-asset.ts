import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { isStale, ROOT, RUNS_FROM_SOURCE } from '../bundle/asset-files.ts'
import { HANDLER } from '../bundle/build-handler.ts'
import { NOTICES_FILE, writeNotices } from '../bundle/third-party-notices.ts'
import { buildSandboxAssets, ENGINE_PACKAGE } from './sandbox-assets.ts'

/** The folder with the data-locality function's code, which the CDK deploys and the local cloud runs. */
export const FUNCTION_ASSET = join(ROOT, 'dist/functions/data-locality')

/** The chunks that parts of the function share or load on demand. */
const PART = /^part-.*\.mjs$/

/**
 * Builds the data-locality function into `outDir`: `index.mjs`, its chunks, the files of the sandbox, and the licences of
 * what they contain. AWS and the local cloud use the same folder.
 */
export async function buildFunctionAsset(outDir: string = FUNCTION_ASSET): Promise<void> {
  await mkdir(outDir, { recursive: true })
  const metafiles = [...(await buildSandboxAssets(outDir)), await buildParts(outDir)]
  // The notices are written last, because they mark a complete build.
  await writeNotices(join(outDir, NOTICES_FILE), { metafiles, copiedFrom: [ENGINE_PACKAGE] })
}

/** Splits the code: the first chunk is small, so that the executor starts at once, and others load on demand. */
async function buildParts(outDir: string): Promise<Metafile> {
  const { metafile } = await build({
    ...HANDLER,
    entryPoints: { index: join(ROOT, 'functions/data-locality/index.ts') },
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'part-[hash]',
    splitting: true,
  })
  const built = new Set(Object.keys(metafile.outputs).map((path) => basename(path)))
  const old = (await readdir(outDir)).filter((file) => PART.test(file) && !built.has(file))
  for (const file of old) await rm(join(outDir, file), { force: true })
  return metafile
}

/** The asset's folder. Rebuilt if it is older than the sources (only in a checkout: the package contains it). */
export async function ensureFunctionAsset(): Promise<string> {
  if (RUNS_FROM_SOURCE && (await isStale(join(FUNCTION_ASSET, NOTICES_FILE)))) await buildFunctionAsset()
  return FUNCTION_ASSET
}
