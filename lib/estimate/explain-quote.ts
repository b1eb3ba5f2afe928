/** Explains a quote as text. Pure. */
import { CLIENT } from '../client-name.ts'
import { explainPlan } from '../gravity/index.ts'
import { formatBytes, formatLink, formatSeconds, formatUsd } from '../gravity/units.ts'
import type { AccuracyReport } from './accuracy-history.ts'
import type { Interval } from './interval.ts'
import type { Quote } from './quote.ts'
import type { Sample } from './sampling.ts'

/** The decision, its reasons, the measurements behind it, and its uncertainty. */
export function explainQuote(quote: Quote, sample?: Sample): string {
  return [decision(quote), details(quote), measured(sample), corrections(quote), notes(quote)]
    .filter((section) => section !== '')
    .join('\n\n')
}

function decision({ plan, parts, seconds, usd, basis, client }: Quote): string {
  if (!plan.feasible || seconds === undefined || usd === undefined) return ''
  const staying = parts.filter(({ place }) => place !== CLIENT).map(({ region }) => region)
  const moving = parts.filter(({ place }) => place === CLIENT).map(({ region }) => region)
  const modes = [
    staying.length > 0 ? `the agent moves to ${staying.join(', ')}` : '',
    moving.length > 0 ? `the data of ${moving.join(', ')} moves to the client` : '',
  ].filter((mode) => mode !== '')
  const known = basis === 'sampled' ? 'measured in trial runs' : 'assumed, without trial runs'
  return [
    `Decision: ${modes.join('; ')}.`,
    `  time   ${span(seconds, formatSeconds)}`,
    `  money  ${span(usd, formatUsd)}`,
    `  ${known}; the client is near ${client.region} on a line of ${formatLink(client.bitsPerSecond)}`,
  ].join('\n')
}

/** The explanation of the plan. `gather in client` is left out, because it is the same as moving all data to the client. */
function details({ plan, problem }: Quote): string {
  const alternatives = plan.alternatives.filter(({ name }) => name !== `gather in ${CLIENT}`)
  return explainPlan({ ...plan, alternatives }, problem)
}

function span({ low, value, high }: Interval, format: (figure: number) => string): string {
  return low === high ? format(value) : `${format(value)}, between ${format(low)} and ${format(high)}`
}

function measured(sample: Sample | undefined): string {
  const rows = sample?.regions.flatMap(({ region, trials, learned }) => {
    if (learned === undefined) return []
    const { bytesPerSecond, startSeconds, resultBytes } = learned
    return [
      `  ${region}: ${span(bytesPerSecond, (rate) => `${formatBytes(rate)}/s`)}; starts in ` +
        `${formatSeconds(startSeconds.value)}; a result of ${span(resultBytes, formatBytes)} (${trials.length} trials)`,
    ]
  })
  if (sample === undefined || rows === undefined || rows.length === 0) return ''
  const spent = `${formatBytes(sample.bytesRead)} read in ${formatSeconds(sample.seconds)}`
  return [`Measured in trial runs (${spent})`, ...rows].join('\n')
}

function corrections({ parts }: Quote): string {
  const rows = parts
    .filter(({ correction }) => correction.runs > 0)
    .map(({ region, place, correction }) => {
      const where = place === CLIENT ? `${region} on the client` : region
      return `  ${where}: times ${Number(correction.factor.toPrecision(3))}, after ${count(correction.runs, 'run')}`
    })
  return rows.length === 0 ? '' : ['Corrected by earlier runs', ...rows].join('\n')
}

const notes = ({ notes }: Quote): string => notes.map((note) => `Note: ${note}.`).join('\n')

/** How accurate the predictions of earlier runs were. */
export function explainAccuracy({ seconds, usd, byBasis, byAgent }: AccuracyReport): string {
  if (seconds === undefined)
    return 'No run has been recorded yet. lander run records its predicted and its actual time and cost.'
  const lines = [
    `${count(seconds.runs, 'run')} recorded. The median error of times is ${percent(seconds.medianError)}; nine of ten are ` +
      `below ${percent(seconds.error90)}; ${percent(seconds.withinInterval)} of the runs were within the quoted interval.`,
    `The median run took ${Number(seconds.bias.toPrecision(3))} times its predicted time.`,
    ...(usd === undefined ? [] : [`The median error of costs is ${percent(usd.medianError)}.`]),
  ]
  const groups = { ...byBasis, ...byAgent }
  const rows = Object.entries(groups).map(
    ([name, { runs, medianError, bias }]) =>
      `  ${name}: ${count(runs, 'run')}, median error ${percent(medianError)}, actual / predicted ${Number(bias.toPrecision(3))}`,
  )
  return [...lines, ...rows].join('\n')
}

const percent = (share: number): string => `${Math.round(share * 100)}%`

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
