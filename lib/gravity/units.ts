import { UsageError } from '../errors.ts'

/**
 * Parses and formats quantities. Sizes of drives and line rates are decimal (1 TB = 10^12 bytes, 1 Mbps = 10^6 bits per
 * second). KiB to PiB are binary, and so is the GB that AWS bills.
 */

/**
 * Bytes in a GB as AWS bills it. AWS's tiers end at 10,240 and 51,200 GB, and its examples divide KB by 1,048,576 to get
 * GB.
 */
export const BYTES_PER_BILLED_GB = 2 ** 30

export const SECONDS_PER_DAY = 86_400

/** The largest size that is accepted: what 64 bits can count. */
const MAX_BYTES = 2 ** 64

/** The fastest link that is accepted: an exabit per second. */
const MAX_BITS_PER_SECOND = 1e18

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  pb: 1e15,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
}

const LINK_UNITS: Readonly<Record<string, number>> = { bps: 1, kbps: 1e3, mbps: 1e6, gbps: 1e9, tbps: 1e12 }

const DURATION_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1e-3,
  s: 1,
  m: 60,
  min: 60,
  h: 3_600,
  d: SECONDS_PER_DAY,
}

const QUANTITY = /^(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z/%$]*)$/i

/** Splits a quantity into number and unit. The number can still be negative or infinite. */
function split(text: string, what: string, remedy: string): { amount: number; unit: string } {
  const match = QUANTITY.exec(text.trim())
  if (match === null) throw new UsageError('SIZE_INVALID', `${what} "${text}" is not a quantity`, { remedy })
  return { amount: Number(match[1]), unit: match[2]! }
}

function inRange(value: number, max: number, what: string, text: string): number {
  if (Number.isNaN(value)) throw new UsageError('SIZE_INVALID', `${what} "${text}" is not a number`)
  if (value < 0) throw new UsageError('SIZE_INVALID', `${what} "${text}" is negative`, { remedy: 'use 0 or more' })
  if (value > max)
    throw new UsageError('SIZE_INVALID', `${what} "${text}" is too large`, {
      remedy: `use at most ${max.toExponential(2)}`,
    })
  return value
}

const SIZE_REMEDY = 'use a number of bytes, or a unit from B to PB or KiB to PiB, such as 1.5TiB'

/**
 * Parses a size to bytes: `"1.5TiB"`, `"20 MB"`, `"1024"`, `1024`. A number without a unit is bytes. Fractions of a byte
 * are rounded.
 *
 * @throws {UsageError} `SIZE_INVALID` for a negative, infinite or malformed size, a size above 2^64 bytes, and a unit of
 * bits (`Gb`)
 * @example
 * ```ts
 * parseBytes('1 TiB') // 1099511627776
 * ```
 */
export function parseBytes(size: string | number): number {
  const { amount, unit } = split(String(size), 'size', SIZE_REMEDY)
  const factor = BYTE_UNITS[unit.toLowerCase()]
  if (factor === undefined || /^[KMGTP]b$/.test(unit))
    throw new UsageError('SIZE_INVALID', `"${unit}" in size "${size}" is not a unit of bytes`, { remedy: SIZE_REMEDY })
  return Math.round(inRange(amount * factor, MAX_BYTES, 'size', String(size)))
}

const LINK_REMEDY = 'use bits per second with a unit from bps to Tbps, such as 100Mbps'

/**
 * Parses the rate of a link to bits per second: `"100Mbps"`, `"1.5 Gbps"`, `"10 Gbit/s"`. The unit is required, because a
 * bare number could mean bits or bytes.
 *
 * @throws {UsageError} `SIZE_INVALID` for a rate without a unit, in bytes (`MBps`), zero, negative or infinite
 * @example
 * ```ts
 * parseLink('100Mbps') // 100000000
 * ```
 */
export function parseLink(link: string): number {
  const { amount, unit } = split(link, 'link', LINK_REMEDY)
  const factor = /B/.test(unit) ? undefined : LINK_UNITS[unit.replace('bit/s', 'bps').toLowerCase()]
  if (factor === undefined)
    throw new UsageError(
      'SIZE_INVALID',
      `link "${link}" ${unit === '' ? 'has no unit' : `is not in bits per second`}`,
      {
        remedy: LINK_REMEDY,
      },
    )
  return aboveZero(inRange(amount * factor, MAX_BITS_PER_SECOND, 'link', link), 'link', link)
}

function aboveZero(value: number, what: string, text: string): number {
  if (value > 0) return value
  throw new UsageError('SIZE_INVALID', `${what} "${text}" is zero`, { remedy: 'use more than 0' })
}

/**
 * Parses a duration to seconds: `"250ms"`, `"90s"`, `"15min"`, `"2h"`, `"3d"`, `90`. A number without a unit is seconds.
 *
 * @throws {UsageError} `SIZE_INVALID` for a negative, infinite or malformed duration
 */
export function parseDuration(duration: string | number): number {
  const remedy = 'use a number of seconds, or a unit of ms, s, m, h or d, such as 15m'
  const { amount, unit } = split(String(duration), 'duration', remedy)
  const factor = DURATION_UNITS[unit.toLowerCase()]
  if (factor === undefined)
    throw new UsageError('SIZE_INVALID', `"${unit}" in duration "${duration}" is not a unit of time`, { remedy })
  return inRange(amount * factor, Number.MAX_SAFE_INTEGER, 'duration', String(duration))
}

/**
 * Parses an amount of US dollars: `"$1.50"`, `"1.5"`, `"1.5 USD"`.
 *
 * @throws {UsageError} `SIZE_INVALID` for a negative, infinite or malformed amount
 */
export function parseUsd(amount: string | number): number {
  const remedy = 'use US dollars, such as 1.50 or $1.50'
  const { amount: usd, unit } = split(String(amount).trim().replace(/^\$/, ''), 'amount', remedy)
  if (unit !== '' && unit.toLowerCase() !== 'usd')
    throw new UsageError('SIZE_INVALID', `"${unit}" in amount "${amount}" is not a known currency`, { remedy })
  return inRange(usd, Number.MAX_SAFE_INTEGER, 'amount', String(amount))
}

/**
 * Parses the share of a link that a transfer gets: `"0.8"`, `"80%"`, `0.8`.
 *
 * @throws {UsageError} `SIZE_INVALID` for a share that is not above 0 and at most 1
 */
export function parseUtilisation(share: string | number): number {
  const remedy = 'use a share above 0 and up to 1, such as 0.8 or 80%'
  const { amount, unit } = split(String(share), 'utilisation', remedy)
  const value = unit === '%' ? amount / 100 : amount
  if (value > 0 && value <= 1 && (unit === '' || unit === '%')) return value
  throw new UsageError('SIZE_INVALID', `utilisation "${share}" is not a share of a link`, { remedy })
}

const DECIMAL_BYTES = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const
const DECIMAL_BITS = ['bps', 'kbps', 'Mbps', 'Gbps', 'Tbps', 'Pbps', 'Ebps'] as const

/** Formats a size in decimal units with three digits: `1.1 TB`. */
export const formatBytes = (bytes: number): string => formatDecimal(bytes, DECIMAL_BYTES)

/** Formats a line rate with three digits: `4.95 Gbps`. */
export const formatLink = (bitsPerSecond: number): string => formatDecimal(bitsPerSecond, DECIMAL_BITS)

function formatDecimal(value: number, units: readonly string[]): string {
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3 + 1e-9))
  const rounded = Number((value / 1000 ** power).toPrecision(3))
  // 999.9 KB rounds up to 1,000 KB, which is 1 MB.
  if (rounded >= 1000 && power < units.length - 1) return `1 ${units[power + 1]}`
  return `${rounded.toLocaleString('en-US')} ${units[power]}`
}

/** Formats a duration with one or two units: `245 ms`, `12.3 s`, `4 min 10 s`, `12.7 days`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Number((seconds * 1000).toPrecision(3))} ms`
  if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`
  if (seconds < 3_600) return pair(seconds, 60, 'min', 's')
  if (seconds < SECONDS_PER_DAY) return pair(seconds / 60, 60, 'h', 'min')
  const days = seconds / SECONDS_PER_DAY
  return days < 730 ? `${Number(days.toPrecision(3))} days` : `${Number((days / 365.25).toPrecision(3))} years`
}

function pair(value: number, size: number, large: string, small: string): string {
  const whole = Math.round(value)
  const rest = whole % size
  return rest === 0 ? `${whole / size} ${large}` : `${Math.floor(whole / size)} ${large} ${rest} ${small}`
}

/** Formats US dollars: with cents from $1 on, and with three digits below, so that tiny amounts are visible. */
export function formatUsd(usd: number): string {
  if (usd !== 0 && usd < 1)
    return `$${Number(usd.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 12 })}`
  return `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
}
