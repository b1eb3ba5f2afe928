import { ensureFunctionAsset } from '../../lib/assets/function-asset.ts'
import { ensureCompilerAsset } from '../../lib/bundle/compiler-asset.ts'

/** Builds the deployed assets once, before any test starts a sandbox or a function. */
export default async function setup(): Promise<void> {
  await ensureFunctionAsset()
  await ensureCompilerAsset()
}
