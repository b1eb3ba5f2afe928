/** Builds what is deployed (`--functions-only`), what is published beside it (`--package-only`), or both. */
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildFunctionAsset, FUNCTION_ASSET } from '../lib/assets/function-asset.ts'
import { buildRelayAsset, RELAY_ASSET } from '../lib/assets/relay-asset.ts'
import { ROOT } from '../lib/bundle/asset-files.ts'
import { buildCompilerAsset, COMPILER_ASSET } from '../lib/bundle/compiler-asset.ts'

if (!process.argv.includes('--package-only')) {
  // The CDK would deploy files that an earlier version has left.
  await rm(COMPILER_ASSET, { recursive: true, force: true })
  await buildFunctionAsset()
  await buildRelayAsset()
  await buildCompilerAsset()
  process.stderr.write(`built ${FUNCTION_ASSET}, ${RELAY_ASSET}, ${COMPILER_ASSET}\n`)
}

if (!process.argv.includes('--functions-only')) {
  // npm would publish modules that were since moved or deleted.
  for (const room of ['lib', 'scripts']) await rm(join(ROOT, 'dist', room), { recursive: true, force: true })
  const { status } = spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' })
  process.exitCode = status ?? 1
}
