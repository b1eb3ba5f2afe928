import { join } from 'node:path'
import { isStale, ROOT, RUNS_FROM_SOURCE } from '../bundle/asset-files.ts'
import { buildHandler } from '../bundle/build-handler.ts'
import { NOTICES_FILE, writeNotices } from '../bundle/third-party-notices.ts'

/** The folder with the relay function's code, which the CDK deploys and the local cloud runs. */
export const RELAY_ASSET: string = join(ROOT, 'dist/functions/relay')

/** Builds the relay function into `outDir`: `index.mjs`, and the licences of what it contains. */
export async function buildRelayAsset(outDir: string = RELAY_ASSET): Promise<void> {
  const metafile = await buildHandler('functions/relay/index.ts', outDir)
  await writeNotices(join(outDir, NOTICES_FILE), { metafiles: [metafile] })
}

/** The asset's folder. Rebuilt if it is older than the sources (only in a checkout: the package contains it). */
export async function ensureRelayAsset(): Promise<string> {
  if (RUNS_FROM_SOURCE && (await isStale(join(RELAY_ASSET, NOTICES_FILE)))) await buildRelayAsset()
  return RELAY_ASSET
}
