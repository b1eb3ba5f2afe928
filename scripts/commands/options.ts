/** Options that several commands share, and the parsers of their values. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { Option } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { DEFAULT_LIMITS, type LimitName, type Limits, MAX_LIMITS } from '../../lib/limits.ts'
import { parseDataUri } from '../../lib/objects/data-uri.ts'
import type { Scope } from '../../lib/scope.ts'

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** The folder for everything that Lander stores for this user. */
export const landerHome = (): string => resolve(process.env.LANDER_HOME ?? join(homedir(), '.lander'))

/** The folder of the local cloud. */
export const localDir = (): string => join(landerHome(), 'local')

export const jsonOption = (): Option => new Option('--json', 'print one JSON document on stdout')

export const dataOption = (description = 'what the agent may read: one or more of s3://bucket/prefix'): Option =>
  new Option('--data <uri...>', description).argParser((uri: string, before: Scope[] | undefined) => [
    ...(before ?? []),
    parseDataUri(uri),
  ])

export const expiresOption = (): Option =>
  new Option('--expires <duration>', 'how long the bundle is valid, such as 30m, 24h or 7d')
    .default(parseDuration('24h'), '24h')
    .argParser(parseDuration)

export const kernelsOption = (): Option =>
  new Option('--kernels <form>', 'pack kernels compiled (binary), as source for the region to compile, or both')
    .choices(['binary', 'source', 'both'])
    .default('binary')

export const compilesOption = (): Option =>
  new Option('--compiles', 'let the agent compile kernels and JavaScript from text while it runs')

export const limitOption = (): Option =>
  new Option('--limit <name=value...>', `a limit of the run: ${Object.keys(DEFAULT_LIMITS).join(', ')}`).argParser(
    (text: string, before: Partial<Limits> | undefined) => ({ ...before, ...parseLimit(text) }),
  )

/** Milliseconds of `90s`, `30m`, `24h`, `7d`. @throws UsageError `USAGE` */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const ms = Number(count) * UNITS[unit as keyof typeof UNITS]
  if (ms > 0 && ms <= 365 * UNITS.d) return ms
  throw new UsageError('USAGE', `"${text}" is not a duration between a second and a year`, {
    remedy: 'write a number and s, m, h or d, as in 24h',
  })
}

function parseLimit(text: string): Partial<Limits> {
  const [name = '', value = ''] = text.split('=')
  if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
    throw new UsageError('USAGE', `"${name}" is not a limit`, {
      remedy: `write name=number with one of ${Object.keys(DEFAULT_LIMITS).join(', ')}`,
    })
  }
  const highest = MAX_LIMITS[name as LimitName]
  if (/^\d{1,16}$/.test(value) && Number(value) <= highest) return { [name as LimitName]: Number(value) }
  throw new UsageError('USAGE', `"${value}" is not a value for the limit ${name}`, {
    remedy: `use a whole number up to ${highest}`,
  })
}
