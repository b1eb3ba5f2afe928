/** The CDK app, which `cdk.json` runs: it reads the configuration and adds one stack for each region. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { LanderError, UsageError } from '../lib/errors.ts'
import { readConfiguration } from './configuration.ts'
import { addFleet } from './fleet.ts'

const ASSET_DIR = join(import.meta.dirname, '../dist/functions/data-locality')
const COMPILER_ASSET_DIR = join(import.meta.dirname, '../dist/functions/compiler')
const RELAY_ASSET_DIR = join(import.meta.dirname, '../dist/functions/relay')

function requireAsset(dir: string): string {
  if (existsSync(join(dir, 'index.mjs'))) return dir
  throw new UsageError('FILE_NOT_FOUND', `the function is not built: ${join(dir, 'index.mjs')} does not exist`, {
    remedy: 'run npm run build:functions',
  })
}

try {
  // Synthesis runs below and not at exit, so that an invalid configuration does not overwrite the last assembly.
  const app = new App({ autoSynth: false })
  const config = readConfiguration((name) => app.node.tryGetContext(name))
  addFleet(app, {
    config,
    account: process.env.CDK_DEFAULT_ACCOUNT,
    assetDir: requireAsset(ASSET_DIR),
    relayAssetDir: requireAsset(RELAY_ASSET_DIR),
    compilerAssetDir: requireAsset(COMPILER_ASSET_DIR),
  })
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  app.synth()
} catch (error) {
  if (!(error instanceof LanderError)) throw error
  process.stderr.write(`${error.code}: ${error.message}\n${error.remedy ? `  ${error.remedy}\n` : ''}`)
  process.exitCode = 2
}
