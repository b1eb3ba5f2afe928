import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files a sandbox is made of, as `buildSandboxAssets` lays them out. */
export const ASSET_FILES = {
  executor: 'executor.mjs',
  thread: 'executor-thread.mjs',
  kernels: 'executor-kernels.mjs',
  prelude: 'prelude.mjs',
  engine: 'quickjs.wasm',
  image: 'machine.image',
} as const

/**
 * The digest of the engine's binary in `assets`: SHA-256, base64url. A manifest names it, so an agent runs on the
 * engine it was built for and on no other.
 *
 * @throws Error if the folder has no engine
 */
export function engineDigest(assets: string): string {
  return createHash('sha256')
    .update(readFileSync(join(assets, ASSET_FILES.engine)))
    .digest('base64url')
}
