import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { CLIENT } from '../../lib/client-name.ts'
import { UsageError } from '../../lib/errors.ts'
import { estimateCost } from '../../lib/gravity/cost.ts'
import { curveSpec } from '../../lib/gravity/curve-spec.ts'
import { explainPlan } from '../../lib/gravity/explain.ts'
import { historyLines, todaysReads } from '../../lib/gravity/history.ts'
import { type FrontierPoint, placementFrontier } from '../../lib/gravity/planner/frontier.ts'
import { planPlacement } from '../../lib/gravity/planner/plan-placement.ts'
import type { PlacementProblem } from '../../lib/gravity/planner/problem.ts'
import { estimateTransfer } from '../../lib/gravity/transfer.ts'
import {
  formatBytes,
  formatLink,
  formatSeconds,
  formatUsd,
  parseBytes,
  parseDuration,
  parseLink,
  parseUsd,
  parseUtilisation,
} from '../../lib/gravity/units.ts'
import { curvePage } from '../drawing/curve-page.ts'
import { drawSvg } from '../drawing/draw-svg.ts'
import { EXIT, note, printResult } from '../terminal/output.ts'
import { withHelp } from './help-sections.ts'
import { jsonOption } from './options.ts'
import { pricesOption, readJsonFile, readPrices } from './prices-file.ts'

/** `lander gravity`: time and cost of moving data, and where to run code instead. */
export function gravityCommand(): Command {
  return new Command('gravity')
    .description('compute the time and cost of moving data, and where to run code instead')
    .addCommand(timeCommand())
    .addCommand(costCommand())
    .addCommand(curveCommand())
    .addCommand(planCommand())
}

const bytesOption = () =>
  new Option('--bytes <size>', 'the size of the data, such as 1TiB or 20GB; a plain number is bytes').argParser(
    parseBytes,
  )

interface TimeOptions {
  bytes: number
  link: number
  utilisation: number
  json?: boolean
}

function timeCommand(): Command {
  const command = new Command('time')
    .description('compute how long a transfer takes: 8 · bytes / (link · utilisation)')
    .addOption(bytesOption().makeOptionMandatory())
    .requiredOption('--link <rate>', 'the line rate with its unit, such as 100Mbps', parseLink)
    .option('--utilisation <share>', 'the share of the line that the transfer gets, such as 0.8', parseUtilisation, 1)
    .addOption(jsonOption())
  return withHelp(command, {
    examples: ['lander gravity time --bytes 1TiB --link 100Mbps --utilisation 0.8'],
    json: '{seconds, days}',
    page: 'gravity.md',
  }).action(({ bytes, link, utilisation, json }: TimeOptions) => {
    const { seconds, days } = estimateTransfer({ bytes, bitsPerSecond: link, utilisation })
    const share = utilisation === 1 ? '' : ` at ${Math.round(utilisation * 100)}% utilisation`
    printResult(
      json,
      { seconds, days },
      () => `${formatBytes(bytes)} over ${formatLink(link)}${share}: ${formatSeconds(seconds)}`,
    )
  })
}

interface CostOptions {
  bytes: number
  from: string
  to: string
  gets: number
  puts: number
  gbSeconds: number
  invocations: number
  arch: 'arm64' | 'x86'
  sentThisMonth: number
  prices?: string
  json?: boolean
}

const countOption = (flags: string, description: string) =>
  new Option(flags, description).argParser(parseCount).default(0)

/** Parses a number from 0. @throws UsageError `USAGE` */
function parseCount(text: string): number {
  const count = Number(text)
  if (text.trim() !== '' && Number.isFinite(count) && count >= 0) return count
  throw new UsageError('USAGE', `"${text}" is not a count`, { remedy: 'write a number from 0, such as 1000000 or 1e6' })
}

function costCommand(): Command {
  const command = new Command('cost')
    .description('compute what moving and processing data costs, line by line')
    .addOption(bytesOption().default(0))
    .requiredOption('--from <region>', 'the region that holds the data')
    .option('--to <region>', `the region that receives the data, or "${CLIENT}" for a computer outside AWS`, CLIENT)
    .addOption(countOption('--gets <n>', 'GET requests in the source region'))
    .addOption(countOption('--puts <n>', 'PUT requests in the source region'))
    .addOption(countOption('--gb-seconds <n>', 'GB-seconds of Lambda in the source region'))
    .addOption(countOption('--invocations <n>', 'Lambda invocations in the source region'))
    .addOption(
      new Option('--arch <name>', 'the processor of the Lambda function').choices(['arm64', 'x86']).default('arm64'),
    )
    .addOption(
      new Option(
        '--sent-this-month <size>',
        'what the account has already sent to the internet this month; it sets the price tier',
      )
        .argParser(parseBytes)
        .default(0),
    )
    .addOption(pricesOption())
    .addOption(jsonOption())
  return withHelp(command, {
    examples: [
      'lander gravity cost --from us-east-1 --bytes 1TiB',
      'lander gravity cost --from us-east-1 --to eu-west-1 --bytes 1TiB --gets 131072',
    ],
    json: '{usd, lines: [{what, usd}], pricesAsOf, warnings}',
    page: 'gravity.md',
  }).action(async (options: CostOptions) => {
    const { usd, lines, pricesAsOf, warnings } = estimateCost(await costRequest(options))
    for (const warning of warnings) note(`warning: ${warning}`)
    printResult(options.json, { usd, lines, pricesAsOf, warnings }, () =>
      [
        ...lines.map((line) => `${formatUsd(line.usd).padStart(12)}  ${line.what}`),
        `${formatUsd(usd).padStart(12)}  in total, at list prices of ${pricesAsOf || 'today'}`,
      ].join('\n'),
    )
  })
}

async function costRequest(options: CostOptions) {
  const { from: region, to, bytes, gets, puts, gbSeconds, invocations, arch, sentThisMonth } = options
  const prices = await readPrices(options.prices)
  return {
    prices,
    internetGBThisMonth: sentThisMonth / 2 ** 30,
    transfers: [{ from: region, to, bytes }],
    ...(gets + puts > 0 && { requests: [{ region, gets, puts }] }),
    ...(gbSeconds + invocations > 0 && { compute: [{ region, gbSeconds, invocations, architecture: arch }] }),
  }
}

interface CurveOptions {
  svg?: string
  html?: string
  json?: boolean
}

function curveCommand(): Command {
  const command = new Command('curve')
    .description('show how long it took to read a full drive over four decades, and what S3 and Lambda reach today')
    .option('--svg <file>', 'also write a picture')
    .option('--html <file>', 'also write a page with the picture and every source')
    .addOption(jsonOption())
  return withHelp(command, {
    examples: ['lander gravity curve', 'lander gravity curve --svg curve.svg'],
    json: '{lines, today}',
    page: 'gravity.md',
  }).action(async ({ svg, html, json }: CurveOptions) => {
    const picture = svg === undefined && html === undefined ? undefined : await drawSvg(curveSpec())
    if (svg !== undefined) await write(svg, picture!)
    if (html !== undefined) await write(html, curvePage(picture!))
    printResult(json, { lines: historyLines(), today: todaysReads() }, curveText)
  })
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((cause: unknown) => {
    throw new UsageError('FILE_NOT_FOUND', `file "${file}" can't be written`, { cause, remedy: 'check the path' })
  })
  note(`wrote ${file}`)
}

function curveText(): string {
  const lines = historyLines().flatMap(({ name, points }) => [
    name,
    ...points.map(({ year, seconds, drive }) => `  ${year}  ${formatSeconds(seconds).padEnd(12)} ${drive}`),
  ])
  const { bytes, reads } = todaysReads()
  const today = reads.map(({ label, seconds }) => `  ${formatSeconds(seconds).padEnd(12)} ${label}`)
  return [...lines, `today: ${formatBytes(bytes)} out of S3`, ...today].join('\n')
}

interface PlanOptions {
  problem: string
  deadline?: number
  budget?: number
  prices?: string
  frontier?: boolean
  json?: boolean
}

function planCommand(): Command {
  const command = new Command('plan')
    .description(
      'compute where to process the data of several regions: least cost by a deadline, or least time in a budget',
    )
    .requiredOption('--problem <file>', 'the problem as JSON: groups, agentBytes, client')
    .option('--deadline <duration>', 'replace the problem’s deadlineSeconds, such as 15m', parseDuration)
    .option('--budget <usd>', 'replace the problem’s budgetUsd, such as 1.50', parseUsd)
    .addOption(pricesOption())
    .option('--frontier', 'show the plans between the fastest and the cheapest, to see what time costs')
    .addOption(jsonOption())
  return withHelp(command, {
    notes: ['The exit code is 1 if there is no plan. The plan’s reasons then name the constraint.'],
    examples: ['lander gravity plan --problem problem.json --deadline 15m'],
    json: '{feasible, objective, usd, seconds, assignments, mergeRegion, lines, alternatives, reasons, …}',
    page: 'gravity.md',
  }).action(async (options: PlanOptions, command: Command) => {
    const problem = await readProblem(options, command.getOptionValueSource('prices') !== 'default')
    if (options.frontier) {
      const points = placementFrontier(problem)
      printResult(options.json, points, () => frontierText(points))
      return
    }
    const plan = planPlacement(problem)
    if (options.json) for (const warning of plan.warnings) note(`warning: ${warning}`)
    printResult(options.json, plan, () => explainPlan(plan, problem))
    if (!plan.feasible) process.exitCode = EXIT.failed
  })
}

/** Reads a problem file and applies the options that override it. The planner checks its shape. */
async function readProblem(
  { problem, deadline, budget, prices }: PlanOptions,
  pricesGiven: boolean,
): Promise<PlacementProblem> {
  const read = await readJsonFile(problem)
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    throw new UsageError('PROBLEM_INVALID', `"${problem}" is not a JSON object`, {
      remedy: 'write an object with groups, agentBytes and client',
    })
  return {
    ...(read as PlacementProblem),
    ...(deadline !== undefined && { deadlineSeconds: deadline }),
    ...(budget !== undefined && { budgetUsd: budget }),
    // Refreshed prices are only a default: they don't replace prices that the problem contains.
    ...(prices !== undefined &&
      (pricesGiven || !('prices' in read)) && {
        prices: (await readJsonFile(prices)) as NonNullable<PlacementProblem['prices']>,
      }),
  }
}

function frontierText(points: readonly FrontierPoint[]): string {
  if (points.length === 0) return 'There is no plan.'
  const places = (regions: readonly string[]) => [...new Set(regions)].join(', ')
  return points
    .map(
      ({ usd, seconds, regions }) =>
        `${formatSeconds(seconds).padEnd(14)} ${formatUsd(usd).padStart(10)}  in ${places(regions)}`,
    )
    .join('\n')
}
