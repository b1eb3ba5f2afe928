import { Command, Option } from 'commander'
import { readManifest } from '../../lib/author/sign-order.ts'
import { CLIENT } from '../../lib/client-name.ts'
import type { Json } from '../../lib/encoding/json.ts'
import { addToHistory, readHistory } from '../../lib/estimate/accuracy-history.ts'
import { historyEntry } from '../../lib/estimate/history-entry.ts'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import type { PriceFile } from '../../lib/gravity/prices.ts'
import { executePlan, type PlacedAnswer, type PlacedPart } from '../../lib/mission/execute-plan.ts'
import type { MissionOptions } from '../../lib/mission/mission.ts'
import { outcomeOf } from '../../lib/mission/outcome-of.ts'
import type { Answer } from '../../lib/mission/run.ts'
import type { RegionResult } from '../../lib/relay/region-result.ts'
import { exitCodeOfAnswer, reportAnswer, reportLeft } from '../terminal/answer-report.ts'
import { note, seconds } from '../terminal/output.ts'
import { createProgressBars } from '../terminal/progress-bars.ts'
import { type AgentOptions, bundleOf, readSender } from './bundle-of.ts'
import { detachRun } from './detach.ts'
import { fleetOption, readFleet } from './fleet-option.ts'
import {
  compilesOption,
  dataOption,
  expiresOption,
  kernelsOption,
  limitOption,
  parseDuration,
  parseInput,
} from './options.ts'
import {
  clientLinkOf,
  historyPath,
  inventoriesOf,
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
  detach?: boolean
  for: number
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
    .addOption(kernelsOption())
    .addOption(compilesOption())
    .option('--receipts <folder>', 'where to write what each region signed about the run, once it is verified')
    .addOption(
      new Option('--place <where>', 'where it runs: where the plan says, where the data lies, or on this machine')
        .choices(['auto', 'data', 'client'])
        .default('auto'),
    )
    .addOption(
      new Option('--start <how>', 'one agent in every region, or a single one that hops by itself')
        .choices(['everywhere', 'once'])
        .default('everywhere'),
    )
    .addOption(moneyOption('--max-usd <usd>', 'stop when the run has cost so much'))
    .addOption(timeOption('--max-seconds <seconds>', 'stop when the run has taken so long'))
    .option('--detach', 'send it off and go away: lander status, result and cancel find it later, from any machine')
    .addOption(
      new Option('--for <duration>', 'how long a detached mission may take, up to 24h')
        .default(parseDuration('24h'), '24h')
        .argParser(parseDuration),
    )
    .option('--json', 'print one JSON document')
  return withQuoteOptions(command).action(async (agent: string, options: RunOptions) => {
    const fleet = await readFleet(options.fleet)
    const sender = await readSender(options)
    using clients = createFleetClients(fleet)
    const { file, map } = await bundleOf(agent, sender, fleet, options)
    const mission: Mission = { fleet, clients, file, sender, input: parseInput(options.input), map }
    if (options.detach) {
      await detachRun(mission, options)
      return
    }
    if (options.receipts !== undefined) await prepareReceipts(options.receipts)
    if (options.start === 'once') await once(mission, options)
    else await everywhere(mission, options)
  })
}

interface Mission extends Pick<MissionOptions, 'fleet' | 'clients' | 'file' | 'sender'> {
  readonly input: Json
  /** The agent's source map, where it is at hand. */
  readonly map: string | undefined
}

/** A single agent that goes to its data by itself. */
async function once({ map, ...mission }: Mission, options: RunOptions): Promise<void> {
  const { data: scopes = readManifest(mission.file).scopes, limit: limits = {}, json = false } = options
  const answer = await runOnce({ ...mission, scopes, limits, quiet: json })
  await settle(answer, answer.regions, mission.fleet, options, () => {
    reportRoute(answer)
    reportAnswer(answer, map)
  })
}

/** An agent for every region, or the data of some brought to this machine, as the plan says. */
async function everywhere({ map, ...mission }: Mission, options: RunOptions): Promise<void> {
  const { place, maxUsd, maxSeconds, limit: limits = {} } = options
  const prices = await priceFileOf(options)
  const quoted = await quoteFor(mission, options, prices)
  const { parts } = quoted
  if (place === 'auto') announce(parts)
  const bars = createProgressBars(
    parts.map(({ region }) => region),
    { quiet: options.json === true },
  )
  const at = new Date()
  const onProgress = bars.update
  const answer = await executePlan({ ...mission, parts, maxUsd, maxSeconds, prices, order: { limits }, onProgress })
  for (const result of answer.regions) {
    const outcome = outcomeOf(result)
    bars.finish(result.region, `${outcome} in ${seconds(result.seconds)}`, outcome === 'completed')
  }
  await settle(answer, inRegions(answer), mission.fleet, options, () => {
    reportAnswer(answer, map)
    reportLeft(answer)
  })
  await remember(answer, quoted, at, prices)
}

async function quoteFor(
  { fleet, clients, file, input }: Omit<Mission, 'map'>,
  options: RunOptions,
  prices: PriceFile | undefined,
): Promise<QuotedRun> {
  const manifest = readManifest(file)
  return quoteBeforeRun({
    fleet,
    clients,
    manifest,
    scopes: options.data ?? manifest.scopes,
    place: options.place,
    maxUsd: options.maxUsd,
    prices,
    agentBytes: file.length + JSON.stringify(input).length,
    history: await readHistory(historyPath()),
    client: clientLinkOf(options, fleet),
    inventories: await inventoriesOf(options, fleet, clients),
  })
}

/** Receipts first: an answer that its receipt contradicts is none. Then the answer, for programs or for people. */
async function settle(
  answer: Answer,
  signed: readonly RegionResult[],
  fleet: Fleet,
  { receipts, json }: RunOptions,
  report: () => void,
): Promise<void> {
  const saved = receipts === undefined ? [] : await saveReceipts(receipts, signed, fleet)
  process.exitCode = exitCodeOfAnswer(answer)
  if (json) process.stdout.write(`${JSON.stringify(answer)}\n`)
  else report()
  for (const path of saved) note(`receipt ${path}`)
}

/** Only a region signs what it did: home belongs to no fleet. */
const inRegions = ({ regions }: PlacedAnswer) => regions.filter(({ place }) => place !== CLIENT)

/** Remembers what was predicted and what it was. A history that can't be written is no reason to lose an answer. */
async function remember(answer: PlacedAnswer, quoted: QuotedRun, at: Date, prices?: PriceFile): Promise<void> {
  const quote = await quoted.quote
  const entry = quote && historyEntry(quote, { ...answer, at, prices })
  if (entry === undefined) return
  await addToHistory(historyPath(), entry).catch((error: Error) =>
    note(`the history can't be written: ${error.message}`),
  )
}

/** That data moves is never a surprise. */
function announce(parts: readonly PlacedPart[]): void {
  const come = parts.filter(({ place }) => place === CLIENT).map(({ region }) => region)
  if (come.length > 0) note(`the data of ${come.join(', ')} comes to this machine; --place data would leave it there`)
}
