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
import { createProgressBars, type ProgressBars } from '../terminal/progress-bars.ts'
import { reportRoute } from '../terminal/route-report.ts'
import { type AgentOptions, bundleOf, readSender } from './bundle-of.ts'
import { fleetOption, readFleet } from './fleet-option.ts'
import { type HelpSections, withHelp } from './help-sections.ts'
import {
  compilesOption,
  dataOption,
  expiresOption,
  jsonOption,
  kernelsOption,
  limitOption,
  parseDuration,
} from './options.ts'
import {
  clientLinkOf,
  historyPath,
  inventoriesOf,
  moneyOption,
  priceFileOf,
  type QuoteCommandOptions,
  timeOption,
  withQuoteOptions,
} from './quote-options.ts'
import { INPUT_FORMS, readInput } from './read-input.ts'
import { prepareReceipts, saveReceipts } from './save-receipts.ts'

interface RunCommandOptions extends AgentOptions, QuoteCommandOptions {
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

/** The help of `lander run` beyond its options. */
const RUN_HELP: HelpSections = {
  notes: [
    '--place auto moves data to the client only if that is faster beyond doubt, and says so.',
    'At a limit of --max-usd or --max-seconds the run stops, keeps the results it has, and lists what is left to do.',
    'value is the result of the one region, or of several merged by the agent’s merge, or a list in the order of regions. It is missing unless every region completed. regions then has the results of the others, and partial has them merged.',
    '--input @FILE reads the JSON from a file, --input - from standard input. A name that appears twice in an object is refused, and so is an integer that a number would round: send that as a string.',
    'Data that has no objects is the error NO_OBJECTS, unless --allow-empty accepts it. *, ? and [ are characters like any other. The exit code is 2 if no region has an object. If only some regions have none, partial has the results of the others, and the exit code is 1.',
    'With --json, verified says whether receipts cover the results: it is false if the fleet file has no receipt keys. An altered result, or one of another run, is refused with exit code 3.',
    'With --detach, the command prints the mission’s id and returns. Options that need the client to stay are refused: --max-usd, --max-seconds, --receipts and --place client.',
  ],
  examples: [
    `lander run count.ts --data s3://logs-us/ --data s3://logs-eu/ --input '{"word":"ERROR"}'`,
    'lander run count.lander --fleet fleet.json --key me --max-usd 0.50 --receipts receipts',
    'lander run tour.ts --data s3://logs-us/ --data s3://logs-eu/ --start once --detach',
  ],
  json: '{mission, outcome, value, usage: {bytesRead, bytesReturned, bytesMoved}, regions, verified, left, partial?, seconds}; with --detach, {mission, relay, regions, expiresAt}',
  page: 'guide.md',
}

/** `lander run`: packs, signs and plans if needed, runs the agent, and merges the results. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('run an agent where its data is, and print the merged result')
    .argument('<agent>', 'the agent’s source (.ts, .js), or a bundle from lander pack')
    .addOption(dataOption())
    .option('--input <json>', `the agent’s input: ${INPUT_FORMS} (default: null)`)
    .option('--key <file>', 'your private key, from lander keygen (default for a local fleet: its developer key)')
    .addOption(fleetOption())
    .addOption(limitOption())
    .addOption(expiresOption())
    .addOption(kernelsOption())
    .addOption(compilesOption())
    .option('--receipts <folder>', 'the folder for the receipts of the regions, written after they are verified')
    .addOption(
      new Option(
        '--place <where>',
        'where the agent runs: as the plan says, in the regions of the data, or on the client',
      )
        .choices(['auto', 'data', 'client'])
        .default('auto'),
    )
    .addOption(
      new Option('--start <how>', 'start one agent in every region of the data, or a single one that hops between them')
        .choices(['everywhere', 'once'])
        .default('everywhere'),
    )
    .addOption(moneyOption('--max-usd <usd>', 'stop the run when it has cost this much, such as 0.50'))
    .addOption(timeOption('--max-seconds <seconds>', 'stop the run after this time'))
    .option('--allow-empty', 'accept data that has no objects, which is the error NO_OBJECTS otherwise')
    .option('--detach', 'print the mission’s id and return; the mission goes on in the regions')
    .addOption(
      new Option('--for <duration>', 'with --detach, how long the mission may take, up to 24h')
        .default(parseDuration('24h'), '24h')
        .argParser(parseDuration),
    )
    .addOption(jsonOption())
  withHelp(withQuoteOptions(command), RUN_HELP)
  return command.action(async (agent: string, options: RunCommandOptions) => {
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
    const request = {
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
      explain(await run({ ...request, order: { ...order, lifetimeMs: options.for }, detach }), json)
      return
    }
    if (receipts !== undefined) await prepareReceipts(receipts)
    let bars: ProgressBars | undefined
    const answer = await run({
      ...request,
      order,
      inventories: await inventoriesOf(options, fleet, clients),
      history: historyPath(),
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

/** The results that have receipts: only regions sign them, because the client belongs to no fleet. */
const inRegions = ({ regions }: PlanAnswer) => regions.filter(({ place }) => place !== CLIENT)

const regionsOfParts = (parts: readonly PlannedPart[]): readonly string[] =>
  parts.flatMap(({ region, regions = [region] }) => regions)

function finishBars(bars: ProgressBars, { regions }: PlanAnswer, start: RunCommandOptions['start']): void {
  if (start === 'once') {
    const route = regions[0]?.route ?? []
    for (const place of new Set(route.map((step) => step.place))) {
      const landings = route.filter((step) => step.place === place).length
      bars.finish(place, landings === 1 ? '1 landing' : `${landings} landings`, true)
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

/** Prints the id of a detached mission, and the commands that find it. */
function explain(sent: Dispatched, json: boolean): void {
  const { mission, relay, regions, expiresAt } = sent
  printResult(json, sent, () => mission)
  if (json) return
  note(`the mission runs in ${regions.join(', ')}, relayed from ${relay}, until ${new Date(expiresAt).toISOString()}`)
  note(`lander status ${mission}   shows where it is`)
  note(`lander result ${mission}   prints its result`)
  note(`lander cancel ${mission}   stops it from landing again`)
}

/** Says which data moves to the client, because moving data can break residency rules and costs money. */
function announce(parts: readonly PlannedPart[]): void {
  const moved = parts.filter(({ place }) => place === CLIENT).map(({ region }) => region)
  if (moved.length > 0) note(`the data of ${moved.join(', ')} moves to the client; --place data keeps it in its region`)
}
