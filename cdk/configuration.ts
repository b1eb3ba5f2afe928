import { existsSync, readFileSync } from 'node:fs'
import { CONFIG_FILE, EXAMPLE_CONFIG, type FleetConfig, parseConfig } from '../lib/config/index.ts'
import { UsageError } from '../lib/errors.ts'
import { parseJsonFile } from '../lib/files/json-file.ts'

/** Looks up a value of the CDK's context: `app.node.tryGetContext`. */
export type ReadContext = (name: string) => unknown

/**
 * The fleet to deploy: `lander.config.json`, or the file that `-c config=PATH` names, with what the context says laid
 * over it: `-c fleet=NAME`, `-c regions=A,B`, `-c network=isolated`. Both are checked as one. Where there is no file,
 * the example is deployed, which can read nothing and lets nobody in.
 *
 * @throws UsageError `FILE_NOT_FOUND` when the named file is missing, `CONFIG_INVALID` with every wrong field
 */
export function readConfiguration(context: ReadContext): FleetConfig {
  const named = context('config')
  const path = typeof named === 'string' ? named : CONFIG_FILE
  const file = named === undefined && !existsSync(path) ? EXAMPLE_CONFIG : parseJsonFile(readText(path), path)
  return parseConfig(overlay(file, context), path)
}

function overlay(file: unknown, context: ReadContext): unknown {
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
