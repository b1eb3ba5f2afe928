import { Command, Option } from 'commander'
import { CLIENT } from '../../lib/client-name.ts'
import { UsageError } from '../../lib/errors.ts'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import type { Dispatched } from '../../lib/mission/detached/dispatch.ts'
import type { PlanAnswer, PlannedPart } from '../../lib/mission/execute-plan.ts'
import { outcomeOf } from '../../lib/mission/outcome-of.ts'
import type { PlaceChoice } from '../../lib/run/choose-parts.ts'
import { run } from '../../lib/run/run.ts'
import { exitCodeOfAnswer, reportAnswer, reportLeft } from '../terminal/answer-report.ts'
import { note, printResult, seconds } from '../terminal/output.ts'
import { createProgressBars, type ProgressBars } from '../terminal/progress.ts'
import { reportRoute } from '../terminal/route-report.ts'
import { type AgentOptions, bundleOf, readSender } from './bundle-of.ts'
import { fleetOption, readFleet } from './fleet-option.ts'
import { compilesOption, dataOption, expiresOption, kernelsOption, limitOption, parseDuration } from './options.ts'
import {
  clientLinkOf,
  inventoriesOf,
  journalPath,
  moneyOption,
  priceFileOf,
  type QuoteWords,
  timeOption,
  withQuoteOptions,
} from './quote-options.ts'
import { INPUT_WORDS, readInput } from './read-input.ts'
import { prepareReceipts, saveReceipts } from './save-receipts.ts'

interface RunWords extends AgentOptions, QuoteWords {
  input?: string
  place: PlaceChoice
  start: 'once' | 'everywhere'
  maxUsd?: number
  maxSeconds?: number
  receipts?: string
  allowEmpty?: boolean
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
    .option('--input <json>', `what the agent is called with: ${INPUT_WORDS}`)
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
    .option('--allow-empty', 'take an answer from data without a single object')
    .option('--detach', 'send it off and go away: lander status, result and cancel find it later, from any machine')
    .addOption(
      new Option('--for <duration>', 'how long a detached mission may take, up to 24h')
        .default(parseDuration('24h'), '24h')
        .argParser(parseDuration),
    )
    .option('--json', 'print one JSON document')
  return withQuoteOptions(command).action(async (agent: string, options: RunWords) => {
    const fleet = await readFleet(options.fleet)
    const sender = await readSender(options)
    using clients = createFleetClients(fleet)
    const { file, map } = await bundleOf(agent, sender, fleet, options)
    const {
      data: scopes,
      limit: limits = {},
      place,
      start,
      maxUsd,
      maxSeconds,
      detach,
      receipts,
      allowEmpty,
      json = false,
    } = options
    const whatAndWhere = {
      fleet,
      clients,
      file,
      sender,
      input: await readInput(options.input),
      place,
      start,
      maxUsd,
      maxSeconds,
      allowEmpty,
      client: clientLinkOf(options, fleet),
      prices: await priceFileOf(options),
    }
    const order = { limits, ...(scopes && { scopes }) }
    if (detach) {
      requireNoReceipts(receipts)
      explain(await run({ ...whatAndWhere, order: { ...order, lifetimeMs: options.for }, detach }), json)
      return
    }
    if (receipts !== undefined) await prepareReceipts(receipts)
    let bars: ProgressBars | undefined
    const answer = await run({
      ...whatAndWhere,
      order,
      inventories: await inventoriesOf(options, fleet, clients),
      history: journalPath(),
      onWarning: note,
      onPlan(parts) {
        if (place === 'auto') announce(parts)
        bars = createProgressBars(regionsOfParts(parts), { quiet: json })
      },
      onProgress: (region, progress) => bars?.update(region, progress),
    })
    if (bars !== undefined) finishBars(bars, answer, start)
    const saved = receipts === undefined ? [] : await saveReceipts(receipts, inRegions(answer), fleet)
    process.exitCode = exitCodeOfAnswer(answer)
    if (json) process.stdout.write(`${JSON.stringify(answer)}\n`)
    else {
      if (start === 'once') reportRoute(answer)
      reportAnswer(answer, map)
      reportLeft(answer)
    }
    for (const path of saved) note(`receipt ${path}`)
  })
}

/** Only a region signs what it did: the client belongs to no fleet. */
const inRegions = ({ regions }: PlanAnswer) => regions.filter(({ place }) => place !== CLIENT)

const regionsOfParts = (parts: readonly PlannedPart[]): readonly string[] =>
  parts.flatMap(({ region, regions = [region] }) => regions)

function finishBars(bars: ProgressBars, { regions }: PlanAnswer, start: RunWords['start']): void {
  if (start === 'once') {
    const route = regions[0]?.route ?? []
    for (const region of new Set(route.map((step) => step.region))) {
      const landings = route.filter((step) => step.region === region).length
      bars.finish(region, landings === 1 ? '1 landing' : `${landings} landings`, true)
    }
    return
  }
  for (const result of regions) {
    const outcome = outcomeOf(result)
    bars.finish(result.region, `${outcome} in ${seconds(result.seconds)}`, outcome === 'completed')
  }
}

function requireNoReceipts(receipts: string | undefined): void {
  if (receipts === undefined) return
  throw new UsageError('USAGE', '--receipts does not go with --detach: there is nothing to verify yet', {
    remedy: 'fetch them later: lander result MISSION --receipts DIR',
  })
}

/** A detached mission is on its way: how to find it again. */
function explain(sent: Dispatched, json: boolean): void {
  const { mission, relay, regions, expiresAt } = sent
  printResult(json, sent, () => mission)
  if (json) return
  note(`goes on by itself in ${regions.join(', ')}, relayed from ${relay}, until ${new Date(expiresAt).toISOString()}`)
  note(`lander status ${mission}   where it is`)
  note(`lander result ${mission}   its answer`)
  note(`lander cancel ${mission}   lands nowhere any more`)
}

/** Data never moves without a word. */
function announce(parts: readonly PlannedPart[]): void {
  const come = parts.filter(({ place }) => place === CLIENT).map(({ region }) => region)
  if (come.length > 0) note(`the data of ${come.join(', ')} moves to this machine; --place data would leave it there`)
}
