import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Option } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { type Prices, PUBLISHED_PRICES, parsePrices } from '../../lib/gravity/prices.ts'
import { parseJsonFile } from '../../lib/json-file.ts'
import { landerHome } from './options.ts'

/** The file that `lander prices refresh` writes by default, and that every quote uses if it exists. */
export const defaultPricesFile = (): string => join(landerHome(), 'prices.json')

/** `--prices`. Without it, refreshed prices apply if their file exists, else the built-in prices. */
export function pricesOption(): Option {
  const option = new Option(
    '--prices <file>',
    'a price file (default: the one that lander prices refresh wrote, else the built-in prices)',
  )
  const refreshed = defaultPricesFile()
  return (existsSync(refreshed) ? option.default(refreshed) : option).env('LANDER_PRICES')
}

/** The prices of a file, or the built-in prices. @throws UsageError `FILE_NOT_FOUND`, `PROBLEM_INVALID` */
export async function readPrices(file: string | undefined): Promise<Prices> {
  return file === undefined ? PUBLISHED_PRICES : parsePrices(await readJsonFile(file))
}

/** Reads a JSON file as an unknown value. @throws UsageError `FILE_NOT_FOUND`, `PROBLEM_INVALID` */
export async function readJsonFile(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError('FILE_NOT_FOUND', `file "${file}" can't be read`, { cause, remedy: 'check the path' })
  })
  return parseJsonFile(text, file, 'PROBLEM_INVALID')
}
