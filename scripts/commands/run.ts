import { Command, Option } from 'commander'
import { mapStack } from '../../lib/bundle/map-stack.ts'
import { outcomeOf } from '../../lib/fleet/answer.ts'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import { addToJournal, readJournal } from '../../lib/fleet/journal.ts'
import { journalEntry } from '../../lib/fleet/journal-entry.ts'
import type { RegionResult } from '../../lib/fleet/mission.ts'
import { readStatement } from '../../lib/fleet/orders.ts'
import { type PlacedAnswer, type PlacedPart, runPlaced } from '../../lib/fleet/placed-run.ts'
import type { Answer } from '../../lib/fleet/run.ts'
import { INTERNET, type PriceFile } from '../../lib/gravity/prices.ts'
import { formatDataUri } from '../../lib/objects/data-uri.ts'
import type { AgentFailure } from '../../lib/sandbox/outcome.ts'
import { bytes, EXIT, note, paint, seconds, table } from '../terminal/output.ts'
import { createProgressBars } from '../terminal/progress.ts'
import { type AgentOptions, bundleOf, readSender } from './bundle-of.ts'
import { fleetOption, readFleet } from './fleet-option.ts'
import { dataOption, expiresOption, limitOption, parseInput } from './options.ts'
import {
  homeOf,
  inventoriesOf,
  journalPath,
  moneyOption,
  priceFileOf,
  type QuoteWords,
  timeOption,
  withQuoteOptions,
} from './quote-options.ts'
import { reportRoute, runOnce } from './run-once.ts'
import { type Place, type QuotedRun, quoteBeforeRun } from './run-quote.ts'
import { prepareReceipts, saveReceipts } from './save-receipts.ts'

interface RunOptions extends AgentOptions, QuoteWords {
  input?: string
  place: Place
  start: 'once' | 'everywhere'
  maxUsd?: number
  maxSeconds?: number
  receipts?: string
  json?: boolean
}

/** `lander run`: the whole way in one command. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('run an agent, or a signed bundle, where its data lies')
    .argument('<agent>', 'the agent (.ts, .js), or a bundle from lander pack')
    .addOption(dataOption())
    .option('--input <json>', 'what the agent is called with')
    .option('--key <file>', 'your key, from lander keygen (a local fleet has one of its own)')
    .addOption(fleetOption())
    .addOption(limitOption())
    .addOption(expiresOption())
    .option('--receipts <folder>', 'where to write what each region signed about the run, once it is verified')
    .addOption(
      new Option('--place <where>', 'where it runs: where the plan says, where the data lies, or on this machine')
        .choices(['auto', 'data', 'home'])
        .default('auto'),
    )
    .addOption(
      new Option('--start <how>', 'one agent in every region, or a single one that hops by itself')
        .choices(['everywhere', 'once'])
        .default('everywhere'),
    )
    .addOption(moneyOption('--max-usd <usd>', 'stop when the run has cost so much'))
    .addOption(timeOption('--max-seconds <seconds>', 'stop when the run has taken so long'))
    .option('--json', 'print one JSON document')
  return withQuoteOptions(command).action(async (agent: string, options: RunOptions) => {
    const input = parseInput(options.input)
    const fleet = await readFleet(options.fleet)
    const key = await readSender(options)
    using clients = createFleetClients(fleet)
    const { file, map } = await bundleOf(agent, key, fleet, options)
    const statement = readStatement(file)
    const scopes = options.data ?? statement.scopes
    if (options.receipts !== undefined) await prepareReceipts(options.receipts)
    const { place, maxUsd, maxSeconds, limit: limits = {} } = options
    if (options.start === 'once') {
      const quiet = options.json === true
      const answer = await runOnce({ fleet, clients, file, sender: key, input, scopes, limits, quiet })
      const receipts = options.receipts ? await saveReceipts(options.receipts, answer.regions, fleet) : []
      process.exitCode = exitCode(answer)
      if (options.json) process.stdout.write(`${JSON.stringify(answer)}\n`)
      else reportOnce(answer, map)
      for (const path of receipts) note(`receipt ${path}`)
      return
    }
    const prices = await priceFileOf(options)
    const quoted = await quoteBeforeRun({
      fleet,
      clients,
      statement,
      scopes,
      place,
      maxUsd,
      prices,
      agentBytes: file.length + JSON.stringify(input).length,
      journal: await readJournal(journalPath()),
      home: homeOf(options, fleet),
      inventories: await inventoriesOf(options, fleet, clients),
    })
    const { parts } = quoted
    if (place === 'auto') announce(parts)
    const bars = createProgressBars(
      parts.map(({ region }) => region),
      { quiet: options.json === true },
    )
    const at = new Date()
    const answer = await runPlaced({
      fleet,
      clients,
      file,
      sender: key,
      input,
      parts,
      maxUsd,
      maxSeconds,
      prices,
      order: { limits },
      onProgress: (region, progress) => bars.update(region, progress),
    })
    for (const region of answer.regions)
      bars.finish(
        region.region,
        `${outcomeOf(region)} in ${seconds(region.seconds)}`,
        outcomeOf(region) === 'completed',
      )
    // First of all: an answer that its receipt contradicts is none.
    const receipts = options.receipts ? await saveReceipts(options.receipts, inRegions(answer), fleet) : []
    process.exitCode = exitCode(answer)
    if (options.json) process.stdout.write(`${JSON.stringify(answer)}\n`)
    else {
      report(answer, map)
      reportLeft(answer)
    }
    for (const path of receipts) note(`receipt ${path}`)
    await remember(answer, quoted, at, prices)
  })
}

/** Only a region signs what it did: home belongs to no fleet. */
const inRegions = ({ regions }: PlacedAnswer) => regions.filter(({ place }) => place !== INTERNET)

/** Remembers what was predicted and what it was. A journal that can't be written is no reason to lose an answer. */
async function remember(answer: PlacedAnswer, quoted: QuotedRun, at: Date, prices?: PriceFile): Promise<void> {
  const quote = await quoted.quote
  const entry = quote && journalEntry(quote, { ...answer, at, prices })
  if (entry === undefined) return
  await addToJournal(journalPath(), entry).catch((error: Error) =>
    note(`the journal can't be written: ${error.message}`),
  )
}

/** That data moves is never a surprise. */
function announce(parts: readonly PlacedPart[]): void {
  const come = parts.filter(({ place }) => place === INTERNET).map(({ region }) => region)
  if (come.length > 0) note(`the data of ${come.join(', ')} comes to this machine; --place data would leave it there`)
}

function reportOnce(answer: Answer, map?: string): void {
  reportRoute(answer)
  report(answer, map)
}

/** What is left, and how to go on with it. */
function reportLeft({ left, partial }: PlacedAnswer): void {
  if (left.length === 0) return
  if (partial !== undefined) process.stdout.write(`${JSON.stringify(partial, undefined, 2)}\n`)
  if (partial !== undefined) note('printed is what the other regions answered')
  for (const { region, scopes } of left) note(`left to do: ${region}, ${scopes.map(formatDataUri).join(' ')}`)
}

/** The value to stdout; what happened in which region to stderr. */
function report(answer: Answer, map?: string): void {
  if (answer.value !== undefined) process.stdout.write(`${JSON.stringify(answer.value, undefined, 2)}\n`)
  const merge = answer.merge === undefined ? [] : [{ region: 'merge', settlement: answer.merge }]
  for (const result of [...answer.regions, ...merge]) {
    for (const line of result.settlement?.logs ?? []) note(`${paint('dim', result.region, process.stderr)} ${line}`)
    const problem = problemOf(result, map)
    if (problem === undefined) continue
    note(`${paint('red', result.region, process.stderr)} ${problem.code}: ${problem.message}`)
    if (problem.remedy !== undefined) note(`  ${paint('green', 'remedy', process.stderr)}: ${problem.remedy}`)
  }
  note(summary(answer))
}

/** Why a region has no value, if it has none. */
function problemOf(
  { settlement, error }: Pick<RegionResult, 'settlement' | 'error'>,
  map?: string,
): { code: string; message: string; remedy?: string } | undefined {
  if (error !== undefined || settlement === undefined) return error
  const { outcome } = settlement
  if (outcome.kind === 'stopped') return { code: `stopped by ${outcome.limit}`, message: outcome.message }
  if (outcome.kind === 'failed') return { code: outcome.error.code, message: describe(outcome.error, map) }
  return undefined
}

function describe({ name, message, stack = '' }: AgentFailure, map?: string): string {
  const said =
    [name, message].filter(Boolean).join(': ') || 'the agent failed; its words are withheld (errorBytes is 0)'
  return [said, mapStack(stack, map).trimEnd()].filter(Boolean).join('\n')
}

function summary({ regions, usage }: Answer): string {
  const rows = regions.map((region) => [
    region.region,
    outcomeOf(region),
    bytes(region.settlement?.usage.bytesRead ?? 0),
    bytes(region.settlement?.usage.bytesReturned ?? 0),
    bytes(region.bytesMoved),
    seconds(region.seconds),
  ])
  const { bytesRead, bytesReturned, bytesMoved } = usage
  rows.push(['all', '', bytes(bytesRead), bytes(bytesReturned), bytes(bytesMoved), ''])
  return table(['region', 'outcome', 'read there', 'returned', 'moved', 'time'], rows)
}

/** The gravest region decides; a refusal and an unreachable region have codes of their own. */
function exitCode({ outcome }: Answer): number {
  if (outcome === 'completed') return EXIT.done
  if (outcome === 'refused') return EXIT.refused
  return outcome === 'unreachable' ? EXIT.unreachable : EXIT.failed
}
