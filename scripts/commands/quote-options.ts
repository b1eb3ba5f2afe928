/** Options of the commands that quote a run, and the parsers of their values. */
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import * as v from 'valibot'
import { UsageError } from '../../lib/errors.ts'
import { type Inventory, openInventory } from '../../lib/estimate/inventory.ts'
import type { ClientLink } from '../../lib/estimate/quote.ts'
import type { FleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { type PriceFile, parsePrices, priceFileSchema } from '../../lib/gravity/prices.ts'
import { regionOf } from '../../lib/gravity/tables/regions.ts'
import { parseDuration, parseLink, parseUsd } from '../../lib/gravity/units.ts'
import { landerHome } from './options.ts'
import { pricesOption, readJsonFile } from './prices-file.ts'

export interface QuoteCommandOptions {
  line?: number
  near?: string
  inventory?: string[]
  prices?: string
}

/** Adds the options on which a quote depends. */
export function withQuoteOptions(command: Command): Command {
  return command
    .option(
      '--line <rate>',
      'the bandwidth of the client’s line, such as 50Mbps (default: as the fleet file says)',
      parseLink,
    )
    .option('--near <region>', 'the region that the client is near (default: as the fleet file says)')
    .option(
      '--inventory <uri...>',
      's3://…/manifest.json of an S3 Inventory in CSV, used instead of listing its bucket',
    )
    .addOption(pricesOption())
}

const positive =
  (parse: (text: string) => number, flags: string) =>
  (text: string): number => {
    const amount = parse(text)
    if (amount > 0) return amount
    throw new UsageError('USAGE', `${flags.split(' ')[0]} ${text} is not above 0`, { remedy: 'use an amount above 0' })
  }

/** An option whose value is a time, such as `90`, `90s` or `15m`. It is parsed to seconds. */
export const timeOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(positive(parseDuration, flags))

/** An option whose value is an amount of US dollars, such as `1.50`. */
export const moneyOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(positive(parseUsd, flags))

/** The client's link, from the options or, where they are absent, from the fleet file. */
export function clientLinkOf({ line, near }: QuoteCommandOptions, fleet: Fleet): ClientLink | undefined {
  const region = near ?? fleet.client?.region
  const bitsPerSecond = line ?? fleet.client?.bitsPerSecond
  if (near !== undefined) regionOf(near)
  if (bitsPerSecond === undefined) return undefined
  if (bitsPerSecond <= 0)
    throw new UsageError('USAGE', 'the bandwidth of --line is 0', { remedy: 'use a rate such as 50Mbps' })
  return { region: region ?? fleet.regions[0]!.region, bitsPerSecond }
}

/** The price file that `--prices` names; `undefined` for the built-in prices. */
export async function priceFileOf({ prices }: QuoteCommandOptions): Promise<PriceFile | undefined> {
  if (prices === undefined) return undefined
  const json = await readJsonFile(prices)
  parsePrices(json)
  return v.parse(priceFileSchema, json)
}

export const inventoriesOf = (
  { inventory = [] }: QuoteCommandOptions,
  fleet: Fleet,
  clients: FleetClients,
): Promise<Inventory[]> => Promise.all(inventory.map((uri) => openInventory(uri, fleet, clients)))

/** The file of the accuracy history. */
export const historyPath = (): string => join(landerHome(), 'history.jsonl')
