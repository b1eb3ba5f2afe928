/** Builds what is deployed (`--functions-only`), and the package that is published. */
import { spawnSync } from 'node:child_process'
import { buildFunctionAsset, FUNCTION_ASSET } from '../lib/bundle/function-asset.ts'
import { buildRelayAsset, RELAY_ASSET } from '../lib/bundle/relay-asset.ts'

await buildFunctionAsset()
await buildRelayAsset()
process.stderr.write(`built ${FUNCTION_ASSET}, ${RELAY_ASSET}\n`)

if (!process.argv.includes('--functions-only')) {
  const { status } = spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
