/** Builds what is deployed (`--functions-only`), and the package that is published. */
import { spawnSync } from 'node:child_process'
import { buildFunctionAsset, FUNCTION_ASSET } from '../lib/bundle/function-asset.ts'

await buildFunctionAsset()
process.stderr.write(`built ${FUNCTION_ASSET}\n`)

if (!process.argv.includes('--functions-only')) {
  const { status } = spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
