import { existsSync, readFileSync } from 'node:fs'
import { CONFIG_FILE, EXAMPLE_CONFIG, type FleetConfig, parseConfig } from '../lib/config/index.ts'
import { UsageError } from '../lib/errors.ts'
import { parseJsonFile } from '../lib/json-file.ts'

/** Reads a value of the CDK's context: `app.node.tryGetContext`. */
export type ReadContext = (name: string) => unknown

/**
 * The fleet to deploy. The configuration comes from `lander.config.json`, or from the file that `-c config=PATH` names.
 * `-c fleet=NAME`, `-c regions=A,B` and `-c network=isolated` override its fields, and the result is checked as one. If
 * no file exists, the example is deployed, which can read no data and admits no agent.
 *
 * @throws UsageError `FILE_NOT_FOUND` if the named file does not exist; `CONFIG_INVALID` with every invalid field
 */
export function readConfiguration(context: ReadContext): FleetConfig {
  const named = context('config')
  const path = typeof named === 'string' ? named : CONFIG_FILE
  const file = named === undefined && !existsSync(path) ? EXAMPLE_CONFIG : parseJsonFile(readText(path), path)
  return parseConfig(withOverrides(file, context), path)
}

function withOverrides(file: unknown, context: ReadContext): unknown {
  if (typeof file !== 'object' || file === null) return file
  const regions = context('regions')
  const overrides = {
    fleet: context('fleet'),
    network: context('network'),
    regions: typeof regions === 'string' ? regions.split(',').map((name) => name.trim()) : regions,
  }
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
  return { ...file, ...Object.fromEntries(given) }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new UsageError('FILE_NOT_FOUND', `the configuration "${path}" can't be read: ${(cause as Error).message}`, {
      remedy: 'name an existing file with -c config=PATH',
      cause,
    })
  }
}
