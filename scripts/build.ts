/** Builds the functions that are deployed and, unless `--functions-only` is given, the npm package. */
import { spawnSync } from 'node:child_process'
import { buildFunctionAsset, FUNCTION_ASSET } from '../lib/assets/function-asset.ts'
import { buildRelayAsset, RELAY_ASSET } from '../lib/assets/relay-asset.ts'
import { buildCompilerAsset, COMPILER_ASSET } from '../lib/bundle/compiler-asset.ts'

await buildFunctionAsset()
await buildRelayAsset()
await buildCompilerAsset()
process.stderr.write(`built ${FUNCTION_ASSET}, ${RELAY_ASSET}, ${COMPILER_ASSET}\n`)

if (!process.argv.includes('--functions-only')) {
  const { status } = spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
