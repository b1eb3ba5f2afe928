/** Options of the commands that quote a run, and how their words become what a quote is made of. */
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import * as v from 'valibot'
import { UsageError } from '../../lib/errors.ts'
import { type Inventory, openInventory } from '../../lib/estimate/inventory.ts'
import type { ClientLink } from '../../lib/estimate/quote.ts'
import type { FleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet.ts'
import { type PriceFile, parsePrices, priceFileSchema } from '../../lib/gravity/prices.ts'
import { regionOf } from '../../lib/gravity/tables/regions.ts'
import { parseDuration, parseLink, parseUsd } from '../../lib/gravity/units.ts'
import { landerHome } from './options.ts'
import { pricesOption, readJsonFile } from './prices-file.ts'

export interface QuoteWords {
  line?: number
  client?: string
  inventory?: string[]
  prices?: string
}

/** Adds the options that say what a quote rests on. */
export function withQuoteOptions(command: Command): Command {
  return command
    .option('--line <rate>', "what your own line carries, as in 50Mbps (default: the fleet's)", parseLink)
    .option('--near <region>', "the region you are near (default: the fleet's)")
    .option('--inventory <uri...>', "an S3 Inventory's manifest.json, used instead of listing its bucket")
    .addOption(pricesOption())
}

const positive =
  (parse: (text: string) => number, flags: string) =>
  (text: string): number => {
    const amount = parse(text)
    if (amount > 0) return amount
    throw new UsageError('USAGE', `${flags.split(' ')[0]} ${text} leaves nothing`, { remedy: 'use an amount above 0' })
  }

/** A time, as in `90`, `90s` or `15m`: seconds. */
export const timeOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(positive(parseDuration, flags))

/** Money, as in `1.50`. */
export const moneyOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(positive(parseUsd, flags))

/** Where home is: as told, and what is not told as the fleet says. */
export function clientLinkOf({ line, client }: QuoteWords, fleet: Fleet): ClientLink | undefined {
  const region = client ?? fleet.client?.region
  const bitsPerSecond = line ?? fleet.client?.bitsPerSecond
  if (client !== undefined) regionOf(client)
  if (bitsPerSecond === undefined) return undefined
  if (bitsPerSecond <= 0)
    throw new UsageError('USAGE', 'a line of 0 bit/s carries nothing', { remedy: 'say --line 50Mbps' })
  return { region: region ?? fleet.regions[0]!.region, bitsPerSecond }
}

/** The prices that `--prices` names; none for the published ones. */
export async function priceFileOf({ prices }: QuoteWords): Promise<PriceFile | undefined> {
  if (prices === undefined) return undefined
  const json = await readJsonFile(prices)
  parsePrices(json)
  return v.parse(priceFileSchema, json)
}

export const inventoriesOf = (
  { inventory = [] }: QuoteWords,
  fleet: Fleet,
  clients: FleetClients,
): Promise<Inventory[]> => Promise.all(inventory.map((uri) => openInventory(uri, fleet, clients)))

/** What was predicted of all runs, and what they were. */
export const journalPath = (): string => join(landerHome(), 'journal.jsonl')
