/** A quote in words. Pure. */
import { CLIENT } from '../client-name.ts'
import { explainPlan } from '../gravity/index.ts'
import { formatBytes, formatLink, formatSeconds, formatUsd } from '../gravity/units.ts'
import type { AccuracyReport } from './accuracy-history.ts'
import type { Interval } from './interval.ts'
import type { Quote } from './quote.ts'
import type { Sample } from './sampling.ts'

/** What was decided, why, what it rests on, and how sure it is. */
export function explainQuote(quote: Quote, sample?: Sample): string {
  return [decision(quote), details(quote), learnt(sample), corrections(quote), notes(quote)]
    .filter((section) => section !== '')
    .join('\n\n')
}

function decision({ plan, parts, seconds, usd, basis, client }: Quote): string {
  if (!plan.feasible || seconds === undefined || usd === undefined) return ''
  const stay = parts.filter(({ place }) => place !== CLIENT).map(({ region }) => region)
  const come = parts.filter(({ place }) => place === CLIENT).map(({ region }) => region)
  const modes = [
    stay.length > 0 ? `the agent goes to ${stay.join(', ')}` : '',
    come.length > 0 ? `the data of ${come.join(', ')} comes to this machine` : '',
  ].filter((mode) => mode !== '')
  const known = basis === 'sampled' ? 'after trying the agent' : 'before trying the agent'
  return [
    `Decision: ${modes.join('; ')}.`,
    `  time   ${span(seconds, formatSeconds)}`,
    `  money  ${span(usd, formatUsd)}`,
    `  ${known}; home is near ${client.region} on a line of ${formatLink(client.bitsPerSecond)}`,
  ].join('\n')
}

/** The plan's own words. What it knows as a place on the internet is, to the reader, the machine in front of them. */
function details({ plan, problem }: Quote): string {
  const alternatives = plan.alternatives.filter(({ name }) => name !== `gather in ${CLIENT}`)
  return explainPlan({ ...plan, alternatives }, problem).replaceAll(/(?<!the )\binternet\b/g, 'this machine')
}

function span({ low, value, high }: Interval, format: (figure: number) => string): string {
  return low === high ? format(value) : `${format(value)}, between ${format(low)} and ${format(high)}`
}

function learnt(sample: Sample | undefined): string {
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
  return [`What trying it taught (${spent})`, ...rows].join('\n')
}

function corrections({ parts }: Quote): string {
  const rows = parts
    .filter(({ correction }) => correction.runs > 0)
    .map(({ region, place, correction }) => {
      const where = place === CLIENT ? `${region} at home` : region
      return `  ${where}: times ${Number(correction.factor.toPrecision(3))}, after ${count(correction.runs, 'run')}`
    })
  return rows.length === 0 ? '' : ['Corrected by the past', ...rows].join('\n')
}

const notes = ({ notes }: Quote): string => notes.map((note) => `Note: ${note}.`).join('\n')

/** How good predictions have been. */
export function explainAccuracy({ seconds, usd, byBasis, byAgent }: AccuracyReport): string {
  if (seconds === undefined)
    return 'No run has been recorded yet: lander run records what was predicted and what it was.'
  const lines = [
    `${count(seconds.runs, 'run')} recorded. Time was off by ${percent(seconds.medianError)} in the middle and by at ` +
      `most ${percent(seconds.error90)} in nine of ten; ${percent(seconds.withinInterval)} lay in the interval quoted.`,
    `Runs took ${Number(seconds.bias.toPrecision(3))} times what was predicted, in the middle.`,
    ...(usd === undefined ? [] : [`Money was off by ${percent(usd.medianError)} in the middle.`]),
  ]
  const groups = { ...byBasis, ...byAgent }
  const rows = Object.entries(groups).map(
    ([name, { runs, medianError, bias }]) =>
      `  ${name}: ${count(runs, 'run')}, off by ${percent(medianError)}, actual / predicted ${Number(bias.toPrecision(3))}`,
  )
  return [...lines, ...rows].join('\n')
}

const percent = (share: number): string => `${Math.round(share * 100)}%`

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
