import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of a sandbox, as `buildSandboxAssets` names them. */
export const ASSET_FILES = {
  executor: 'executor.mjs',
  thread: 'executor-thread.mjs',
  kernels: 'executor-kernels.mjs',
  prelude: 'prelude.mjs',
  engine: 'quickjs.wasm',
  image: 'machine.image',
} as const

/**
 * The SHA-256 of the engine's binary in `assets`, base64url. The manifest contains it, so an agent runs only on the
 * engine that it was packed for.
 *
 * @throws Error if the folder has no engine
 */
export function engineDigest(assets: string): string {
  return createHash('sha256')
    .update(readFileSync(join(assets, ASSET_FILES.engine)))
    .digest('base64url')
}
