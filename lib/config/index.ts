import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { UsageError } from '../errors.ts'
import { parseJsonFile } from '../json-file.ts'
import { type ConfigFile, ConfigSchema, isIsolated, type ParsedConfig } from './schema.ts'

export { type ConfigAnswers, draftConfig } from './draft.ts'
export { type DeployedFleet, parseOutputs } from './outputs.ts'
export type { ConfigFile } from './schema.ts'

/** The name of a fleet's configuration file, beside `cdk.json`. */
export const CONFIG_FILE = 'lander.config.json'

/** A data bucket, which the function of its region may read. */
export type DataBucket = Readonly<ParsedConfig['data'][number]>

/** A parsed configuration with every default filled in. */
export type FleetConfig = Readonly<Omit<ParsedConfig, '$schema' | 'network'>> & {
  /** As the file says; if it does not, `isolated` for confidential data, else `open`. */
  readonly network: 'open' | 'isolated'
}

/** The fleet that is deployed if there is no configuration file: two regions that read no data and admit no agent. */
export const EXAMPLE_CONFIG: ConfigFile = { fleet: 'demo', regions: ['us-east-1', 'eu-west-1'] }

/**
 * Checks a fleet's configuration and fills in its defaults.
 *
 * @param source the name of the file in errors
 * @throws UsageError `CONFIG_INVALID` that names every invalid field, its value and its remedy
 *
 * @example
 * parseConfig({ fleet: 'demo', regions: ['us-east-1'] }).limits.memoryMb // 1769
 */
export function parseConfig(value: unknown, source: string = CONFIG_FILE): FleetConfig {
  const parsed = v.safeParse(ConfigSchema, value)
  if (!parsed.success) throw invalid(source, parsed.issues)
  const { $schema, network, ...config } = parsed.output
  return { ...config, network: isIsolated(parsed.output) ? 'isolated' : 'open' }
}

/**
 * Reads and checks a configuration file.
 *
 * @throws UsageError `FILE_NOT_FOUND`, or `CONFIG_INVALID` if it is not JSON or has invalid fields
 */
export async function readConfig(path: string = CONFIG_FILE): Promise<FleetConfig> {
  return parseConfig(parseJsonFile(await readText(path), path), path)
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new UsageError('FILE_NOT_FOUND', `the configuration "${path}" can't be read: ${(cause as Error).message}`, {
      remedy: `write one with lander init, or run this beside your ${CONFIG_FILE}`,
      cause,
    })
  }
}

function invalid(source: string, issues: readonly v.BaseIssue<unknown>[]): UsageError {
  const facts = issues.map((issue) => `${pathOf(issue)} ${stateOf(issue)}`)
  const remedies = issues.map((issue) => `${pathOf(issue)}: ${issue.message}`)
  return new UsageError('CONFIG_INVALID', `${source} is not valid: ${facts.join('; ')}`, {
    remedy: remedies.join('; '),
  })
}

/** The path of a field in JavaScript's notation: `data[0].prefixes[1]`. */
function pathOf({ path }: v.BaseIssue<unknown>): string {
  const keys = path?.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)) ?? []
  return keys.join('').replace(/^\./, '') || 'the configuration'
}

const MAX_SHOWN = 80

function stateOf({ input, expected, path }: v.BaseIssue<unknown>): string {
  if (expected === 'never') return 'is not a known field'
  if (input === undefined && path !== undefined) return 'is missing'
  // The value may be a private key that was pasted by mistake, so it must not appear in a log.
  if (path?.at(-1)?.key === 'rootKey') return `has ${String(input).length} characters`
  const shown = JSON.stringify(input) ?? String(input)
  return `is ${shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown}`
}
