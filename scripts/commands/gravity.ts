import { Command, Option } from 'commander'
import { estimateCost } from '../../lib/gravity/cost.ts'
import { INTERNET } from '../../lib/gravity/prices.ts'
import { estimateTransfer } from '../../lib/gravity/transfer.ts'
import {
  formatBytes,
  formatLink,
  formatSeconds,
  formatUsd,
  parseBytes,
  parseLink,
  parseUtilisation,
} from '../../lib/gravity/units.ts'
import { note, printResult } from '../terminal/output.ts'
import { pricesOption, readPrices } from './prices-file.ts'

/** `lander gravity`: what it takes to move data, and where to put code instead. */
export function gravityCommand(): Command {
  return new Command('gravity')
    .description('what it takes to move data, and where to put the code instead')
    .addCommand(timeCommand())
    .addCommand(costCommand())
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
  new Option(flags, description).argParser(parseBytes).default(0)

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
      countOption('--sent-this-month <size>', 'what already went to the internet this month; it decides the tier'),
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
