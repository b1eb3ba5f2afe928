import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { estimateCost } from '../../lib/gravity/cost.ts'
import { curveSpec } from '../../lib/gravity/curve-spec.ts'
import { explainPlan } from '../../lib/gravity/explain.ts'
import { historyLines, todaysReads } from '../../lib/gravity/history.ts'
import { type FrontierPoint, placementFrontier } from '../../lib/gravity/planner/frontier.ts'
import { planPlacement } from '../../lib/gravity/planner/plan-placement.ts'
import type { PlacementProblem } from '../../lib/gravity/planner/problem.ts'
import { INTERNET } from '../../lib/gravity/prices.ts'
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
import { pricesOption, readJsonFile, readPrices } from './prices-file.ts'

/** `lander gravity`: what it takes to move data, and where to put code instead. */
export function gravityCommand(): Command {
  return new Command('gravity')
    .description('what it takes to move data, and where to put the code instead')
    .addCommand(timeCommand())
    .addCommand(costCommand())
    .addCommand(curveCommand())
    .addCommand(planCommand())
}

const bytesOption = () =>
  new Option('--bytes <size>', 'as in 1TiB or 20GB; a plain number is bytes').argParser(parseBytes)

const jsonOption = () => new Option('--json', 'print one JSON document')

interface TimeOptions {
  bytes: number
  link: number
  utilisation: number
  json?: boolean
}

function timeCommand(): Command {
  return new Command('time')
    .description('how long a transfer takes: 8 · bytes / (link · utilisation)')
    .addOption(bytesOption().makeOptionMandatory())
    .requiredOption('--link <rate>', 'the line rate with its unit, as in 100Mbps', parseLink)
    .option('--utilisation <share>', 'the share of the line the transfer gets, as in 0.8', parseUtilisation, 1)
    .addOption(jsonOption())
    .action(({ bytes, link, utilisation, json }: TimeOptions) => {
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

/** How many of something. @throws UsageError `USAGE` */
function parseCount(text: string): number {
  const count = Number(text)
  if (text.trim() !== '' && Number.isFinite(count) && count >= 0) return count
  throw new UsageError('USAGE', `"${text}" is no count`, { remedy: 'write a number from 0, as in 1000000 or 1e6' })
}

function costCommand(): Command {
  return new Command('cost')
    .description('what moving and processing data costs, line by line')
    .addOption(bytesOption().default(0))
    .requiredOption('--from <region>', 'the region the bytes are in')
    .option('--to <region>', `the region they go to, or ${INTERNET}`, INTERNET)
    .addOption(countOption('--gets <n>', 'GET requests in the source region'))
    .addOption(countOption('--puts <n>', 'PUT requests in the source region'))
    .addOption(countOption('--gb-seconds <n>', 'GB-seconds of Lambda in the source region'))
    .addOption(countOption('--invocations <n>', 'Lambda invocations in the source region'))
    .addOption(new Option('--arch <name>', 'what Lambda runs on').choices(['arm64', 'x86']).default('arm64'))
    .addOption(
      new Option('--sent-this-month <size>', 'what already went to the internet this month; it decides the tier')
        .argParser(parseBytes)
        .default(0),
    )
    .addOption(pricesOption())
    .addOption(jsonOption())
    .action(async (options: CostOptions) => {
      const { usd, lines, pricesAsOf, warnings } = estimateCost(await costRequest(options))
      for (const warning of warnings) note(`warning: ${warning}`)
      printResult(options.json, { usd, lines, pricesAsOf, warnings }, () =>
        [
          ...lines.map((line) => `${formatUsd(line.usd).padStart(12)}  ${line.what}`),
          `${formatUsd(usd).padStart(12)}  in all, at list prices of ${pricesAsOf || 'today'}`,
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
  return new Command('curve')
    .description('four decades of data gravity: how long it took to empty a drive, and what S3 and Lambda do today')
    .option('--svg <file>', 'draw it as a picture')
    .option('--html <file>', 'draw it as a page, with every source')
    .addOption(jsonOption())
    .action(async ({ svg, html, json }: CurveOptions) => {
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
  return new Command('plan')
    .description(
      'where to process data that lies in several regions: least money under a deadline, or least time under a budget',
    )
    .requiredOption('--problem <file>', 'the problem as JSON: groups, agentBytes, home; see docs/gravity.md')
    .option('--deadline <duration>', 'overrides deadlineSeconds, as in 15m', parseDuration)
    .option('--budget <usd>', 'overrides budgetUsd, as in 1.50', parseUsd)
    .addOption(pricesOption())
    .option('--frontier', 'show what time costs: the plans between the fastest and the cheapest')
    .addOption(jsonOption())
    .action(async (options: PlanOptions, command: Command) => {
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

/** The problem of a file, with what the command line overrides. Its shape is checked by the planner. */
async function readProblem(
  { problem, deadline, budget, prices }: PlanOptions,
  pricesTold: boolean,
): Promise<PlacementProblem> {
  const read = await readJsonFile(problem)
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    throw new UsageError('PROBLEM_INVALID', `file "${problem}" holds no problem`, {
      remedy: 'write a JSON object with groups, agentBytes, home',
    })
  return {
    ...(read as PlacementProblem),
    ...(deadline !== undefined && { deadlineSeconds: deadline }),
    ...(budget !== undefined && { budgetUsd: budget }),
    // Prices that were only refreshed once don't override those that the problem brings.
    ...(prices !== undefined &&
      (pricesTold || !('prices' in read)) && {
        prices: (await readJsonFile(prices)) as NonNullable<PlacementProblem['prices']>,
      }),
  }
}

function frontierText(points: readonly FrontierPoint[]): string {
  if (points.length === 0) return 'There is no plan at all.'
  const places = (regions: readonly string[]) => [...new Set(regions)].join(', ')
  return points
    .map(
      ({ usd, seconds, regions }) =>
        `${formatSeconds(seconds).padEnd(14)} ${formatUsd(usd).padStart(10)}  in ${places(regions)}`,
    )
    .join('\n')
}
