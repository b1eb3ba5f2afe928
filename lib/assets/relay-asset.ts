import { join } from 'node:path'
import { isStale, ROOT, RUNS_FROM_SOURCE } from '../bundle/asset-files.ts'
import { buildHandler } from '../bundle/build-handler.ts'

/** Where the relay function's code lies, as the CDK deploys it and the local cloud runs it. */
export const RELAY_ASSET: string = join(ROOT, 'dist/functions/relay')

/** Builds the relay function into `outDir`: `index.mjs`, and nothing beside it. */
export async function buildRelayAsset(outDir: string = RELAY_ASSET): Promise<void> {
  await buildHandler('functions/relay/index.ts', outDir)
}

/** The asset's folder, built anew when it is older than the sources (in a checkout; a package brings it along). */
export async function ensureRelayAsset(): Promise<string> {
  if (RUNS_FROM_SOURCE && (await isStale(join(RELAY_ASSET, 'index.mjs')))) await buildRelayAsset()
  return RELAY_ASSET
}
