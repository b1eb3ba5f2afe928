/**
 * What a run will take, before it is paid for: what was counted, tried and remembered becomes a placement problem, and
 * its plan becomes a quote. Pure.
 */

import type { Manifest } from '../bundle/manifest.ts'
import { CLIENT } from '../client-name.ts'
import { UsageError } from '../errors.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { type PlacementProblem, type Plan, planPlacement } from '../gravity/index.ts'
import type { PriceFile } from '../gravity/prices.ts'
import { coldStartSeconds, LAMBDA_LIMITS } from '../gravity/tables/lambda-performance.ts'
import { linkBetween } from '../gravity/tables/links.ts'
import { type Correction, correctionOf, type HistoryEntry, lastResultBytes } from './accuracy-history.ts'
import { exactly, type Interval, within } from './interval.ts'
import type { Learned } from './sample-fit.ts'
import type { Sample } from './sampling.ts'
import type { RegionSurvey, Survey } from './survey.ts'

/** Where the sender's own machine is, and what its line carries. */
export interface ClientLink {
  /** The region it is nearest to. */
  readonly region: string
  readonly bitsPerSecond: number
}

export interface QuoteOptions {
  readonly fleet: Fleet
  readonly manifest: Manifest
  readonly survey: Survey
  /** What is sent to every region: bundle, order and input. */
  readonly agentBytes: number
  /** @default nothing was tried */
  readonly sample?: Sample | undefined
  /** Runs of the past. @default none */
  readonly history?: readonly HistoryEntry[]
  /** @default the fleet's; else 50 Mbit/s near the first region, with a warning */
  readonly client?: ClientLink | undefined
  /** Regions whose data must not leave them. @default none */
  readonly keepData?: readonly string[]
  /** Regions whose results must not leave them either. @default none */
  readonly keepResults?: readonly string[]
  /** The ways that may be chosen. @default both */
  readonly modes?: readonly Mode[]
  readonly deadlineSeconds?: number | undefined
  readonly budgetUsd?: number | undefined
  readonly prices?: PriceFile | undefined
  /** @default the present */
  readonly now?: Date
}

/** `data`: the agent goes where its data lies. `home`: the data comes to this machine. */
export type Mode = 'data' | 'client'

/** One region's data in the quote. */
export interface QuotedPart {
  readonly region: string
  /** Where it is worked on: its region, or `internet` for this machine. */
  readonly place: string
  readonly bytes: number
  readonly resultBytes: Interval
  /** From sending the agent to having the result; at home, until all that comes there is done. */
  readonly seconds: number
  readonly usd: number
  /** What the past did to the seconds. */
  readonly correction: Correction
}

export interface Quote {
  readonly agent: string
  readonly basis: HistoryEntry['basis']
  readonly problem: PlacementProblem
  readonly plan: Plan
  /** Of the plan's placement; `undefined` where there is no plan. */
  readonly seconds: Interval | undefined
  readonly usd: Interval | undefined
  readonly parts: readonly QuotedPart[]
  readonly client: ClientLink
  /** Why something was not measured, or not offered. */
  readonly notes: readonly string[]
}

/** A small office's line. */
const ASSUMED_LINE_BPS = 50e6

/** What is left of a line that others use too: AWS reckons so in its transfer tables. */
const UTILISATION = 0.8

/** Milliseconds of a round trip over an access line, such as fibre to a building. */
const ACCESS_RTT_MS = 5

/** What an agent that reads lines or CSV gets through on one vCPU; by a factor, others are slower or faster. */
const ASSUMED_BYTES_PER_SECOND = 40e6
const ASSUMED_SPREAD = 4

/** After so many runs the past says more than a guess does. */
const TRUSTED_RUNS = 3
const TRUSTED_SPREAD = 1.5

/** A round trip for TCP, one for TLS, one for the request, as in the planner's routes. */
const ROUND_TRIPS_PER_EXCHANGE = 3

/** Until a process at home is ready to run an agent, on a machine that may be busy. */
const CLIENT_START_SECONDS = 0.5
const CLIENT_START_SPREAD = 3

/** The function's code, which a cold start loads. */
const FUNCTION_BYTES = 4 * 2 ** 20

/** Which of the figures of an interval to reckon with. */
type Corner = 'low' | 'value' | 'high'

/**
 * Quotes a run: where it should go, how long it takes, what it costs, each with an interval.
 *
 * Least money under a deadline; least time otherwise, within the budget if there is one.
 *
 * @throws UsageError `PROBLEM_INVALID` when there is no data
 */
export function quoteRun(options: QuoteOptions): Quote {
  requireData(options.survey)
  const facts = gatherFacts(options)
  const problem = problemAt('value', facts, options)
  const plan = planPlacement(problem, options.now && { now: options.now })
  const places = plan.feasible ? plan.assignments.map(({ region }) => region) : undefined
  return {
    agent: facts.agent,
    basis: facts.basis,
    problem,
    plan,
    ...spread(places, facts, options),
    parts: places === undefined ? [] : places.map((_, i) => quotePart(i, places, facts, problem)),
    client: facts.client,
    notes: notesOn(facts, options),
  }
}

/** How the history knows an agent: the same code is the same agent, whenever it was signed. */
export function agentName({ name, entries }: Manifest): string {
  const main = entries.find(({ role }) => role === 'main')
  return `${name}@${main?.sha256.slice(0, 12) ?? ''}`
}

function requireData({ objects, regions }: Survey): void {
  if (objects > 0) return
  const where = regions.flatMap(({ scopes }) => scopes).map(({ bucket, prefix }) => `s3://${bucket}/${prefix}`)
  throw new UsageError(
    'PROBLEM_INVALID',
    `there are no objects under ${where.join(', ')}, so there is nothing to plan`,
    {
      remedy: 'check the prefixes: whole segments count, so s3://b/logs is the key "logs" and all below "logs/"',
    },
  )
}

interface RegionFacts {
  readonly survey: RegionSurvey
  readonly deployed: boolean
  readonly learned: Learned | undefined
  readonly resultBytes: Interval
  readonly bytesPerSecond: Interval
  /** Until the agent works there, without the way back. */
  readonly startSeconds: Interval
  /** What the past does to a part worked on where it lies. */
  readonly correction: Correction
}

interface Facts {
  readonly agent: string
  readonly basis: HistoryEntry['basis']
  readonly client: ClientLink
  readonly clientAssumed: boolean
  readonly regions: readonly RegionFacts[]
  readonly clientBytesPerSecond: Interval
  readonly clientStartSeconds: Interval
  readonly clientCorrection: Correction
  readonly mergeSeconds: number
}

function gatherFacts(options: QuoteOptions): Facts {
  const { fleet, manifest, survey, sample, history = [] } = options
  const agent = agentName(manifest)
  const measured = sample?.regions.some(({ learned }) => learned !== undefined) ?? false
  const basis = measured ? 'sampled' : 'assumed'
  const client = options.client ?? fleet.client ?? { region: fleet.regions[0]!.region, bitsPerSecond: ASSUMED_LINE_BPS }
  const regions = survey.regions.map((region) => regionFacts(region, { agent, basis, client }, options))
  const clientCorrections = survey.regions.map(({ region }) =>
    correctionOf(history, { agent, basis, region, place: CLIENT }),
  )
  const known = clientCorrections.toSorted((a, b) => b.runs - a.runs)[0]!
  return {
    agent,
    basis,
    client,
    clientAssumed: options.client === undefined && fleet.client === undefined,
    regions,
    clientBytesPerSecond: addIntervals(regions.map(({ bytesPerSecond }) => bytesPerSecond)),
    clientStartSeconds: sample?.client
      ? within(sample.client.startSeconds, TRUSTED_SPREAD)
      : within(CLIENT_START_SECONDS, CLIENT_START_SPREAD),
    clientCorrection: known,
    mergeSeconds: survey.regions.length > 1 ? (sample?.client?.mergeSeconds ?? CLIENT_START_SECONDS) : 0,
  }
}

/** The parts are worked on side by side at home as they would be apart. */
const addIntervals = (all: readonly Interval[]): Interval => ({
  low: all.reduce((sum, { low }) => sum + low, 0),
  value: all.reduce((sum, { value }) => sum + value, 0),
  high: all.reduce((sum, { high }) => sum + high, 0),
})

function regionFacts(
  survey: RegionSurvey,
  { agent, basis, client }: Pick<Facts, 'agent' | 'basis' | 'client'>,
  { fleet, sample, manifest, agentBytes, history = [] }: QuoteOptions,
): RegionFacts {
  const { region } = survey
  const learned = sample?.regions.find((sampled) => sampled.region === region)?.learned ?? likeOthers(sample)
  const correction = correctionOf(history, { agent, basis, region, place: region })
  const link = clientLink(client, region)
  const exchange = (ROUND_TRIPS_PER_EXCHANGE * link.rttMs) / 1000
  const assumedStart = coldStartSeconds(FUNCTION_BYTES) + exchange + (8 * agentBytes) / link.bitsPerSecond
  const spreadOfRuns = correction.runs >= TRUSTED_RUNS ? TRUSTED_SPREAD : ASSUMED_SPREAD
  const limit = manifest.limits.resultBytes
  const last = lastResultBytes(history, { agent, region })
  return {
    survey,
    deployed: fleet.regions.some((place) => place.region === region),
    learned,
    correction,
    resultBytes: learned?.resultBytes ?? (last === undefined ? { low: 0, value: limit, high: limit } : exactly(last)),
    bytesPerSecond: learned?.bytesPerSecond ?? within(ASSUMED_BYTES_PER_SECOND, spreadOfRuns),
    startSeconds: learned ? less(learned.startSeconds, exchange) : within(assumedStart, Math.sqrt(spreadOfRuns)),
  }
}

/** A region whose trial taught nothing is taken to be like the one that taught most, but for the size of its result. */
function likeOthers(sample: Sample | undefined): Learned | undefined {
  const taught = sample?.regions.filter(({ learned }) => learned !== undefined) ?? []
  return taught.toSorted((a, b) => b.trials.length - a.trials.length)[0]?.learned
}

const less = ({ low, value, high }: Interval, taken: number): Interval => ({
  low: Math.max(0, low - taken),
  value: Math.max(0, value - taken),
  high: Math.max(0, high - taken),
})

/** The way between home and a region: as wide as the narrower of the line and the long haul. */
function clientLink(client: ClientLink, region: string): { bitsPerSecond: number; rttMs: number } {
  const haul = linkBetween(client.region, region)
  const bitsPerSecond = Math.min(client.bitsPerSecond, haul.bitsPerSecond)
  return { bitsPerSecond, rttMs: haul.rttMs + ACCESS_RTT_MS }
}

/** The problem as it is if every figure is at its best guess, or all lie at the low or the high end of the run's time. */
function problemAt(corner: Corner, facts: Facts, options: QuoteOptions): PlacementProblem {
  const { fleet, agentBytes, deadlineSeconds, budgetUsd, prices } = options
  const { client, regions, clientCorrection, mergeSeconds } = facts
  const toClient = regions.map(({ survey }) => [survey.region, clientLink(client, survey.region)] as const)
  // The past slows a place down as a whole: its start, its work and, at home, its line.
  const line = (client.bitsPerSecond * (corner === 'high' ? UTILISATION : 1)) / clientCorrection.factor
  const inPlace = regions.map(
    ({ survey, bytesPerSecond, startSeconds, correction }) =>
      [
        survey.region,
        {
          bytesPerSecond: opposite(bytesPerSecond, corner) / correction.factor,
          startSeconds: startSeconds[corner] * correction.factor,
        },
      ] as const,
  )
  const atClient = {
    bytesPerSecond: opposite(facts.clientBytesPerSecond, corner) / clientCorrection.factor,
    startSeconds: facts.clientStartSeconds[corner] * clientCorrection.factor,
  }
  return {
    groups: regions.map((fact) => groupOf(fact, corner, options)),
    agentBytes,
    client: CLIENT,
    clientLink: { bitsPerSecond: line, rttMs: ACCESS_RTT_MS },
    links: {
      [CLIENT]: Object.fromEntries(toClient),
      ...Object.fromEntries(toClient.map(([region, link]) => [region, { [CLIENT]: link }])),
    },
    compute: {
      memoryMB: LAMBDA_LIMITS.mbPerVcpu,
      // A local cloud has no token bucket.
      throttled: fleet.endpoint === undefined,
      mergeSeconds,
      places: { ...Object.fromEntries(inPlace), [CLIENT]: atClient },
    },
    objective: deadlineSeconds === undefined ? 'time' : 'money',
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
    ...(budgetUsd !== undefined && { budgetUsd }),
    ...(prices && { prices }),
  }
}

/** A high rate makes for a low time. */
function opposite(rate: Interval, corner: Corner): number {
  if (corner === 'value') return rate.value
  return corner === 'low' ? rate.high : rate.low
}

function groupOf({ survey, deployed, resultBytes }: RegionFacts, corner: Corner, options: QuoteOptions) {
  const { manifest, modes = ['data', 'client'], keepData = [], keepResults = [] } = options
  const { region, bytes, objects } = survey
  const audience = manifest.audience.regions
  const admitted = deployed && (audience.includes('*') || audience.includes(region))
  const there = modes.includes('data') && admitted ? [region] : []
  const here = modes.includes('client') && !keepData.includes(region) ? [CLIENT] : []
  return {
    region,
    bytes,
    objects,
    resultBytes: resultBytes[corner],
    allowed: [...there, ...here],
    ...(keepResults.includes(region) && { resultAllowed: [region] }),
  }
}

/** The same placement if everything goes well, and if everything goes badly. */
function spread(
  places: readonly string[] | undefined,
  facts: Facts,
  options: QuoteOptions,
): Pick<Quote, 'seconds' | 'usd'> {
  if (places === undefined) return { seconds: undefined, usd: undefined }
  const [low, value, high] = (['low', 'value', 'high'] as const).map((corner) => {
    const { deadlineSeconds: _d, budgetUsd: _b, ...problem } = problemAt(corner, facts, options)
    const groups = problem.groups.map((group, i) => ({ ...group, allowed: [places[i]!] }))
    const plan = planPlacement({ ...problem, groups })
    return { seconds: plan.seconds ?? 0, usd: plan.usd ?? 0 }
  })
  return {
    seconds: { low: low!.seconds, value: value!.seconds, high: high!.seconds },
    usd: { low: low!.usd, value: value!.usd, high: high!.usd },
  }
}

/** One region's data by itself; at home, with all that comes there, since it shares the line. */
function quotePart(index: number, places: readonly string[], facts: Facts, problem: PlacementProblem): QuotedPart {
  const { deadlineSeconds: _d, budgetUsd: _b, ...free } = problem
  const place = places[index]!
  const together = places.flatMap((other, i) => ((place === CLIENT ? other === CLIENT : i === index) ? [i] : []))
  const groups = together.map((i) => ({ ...problem.groups[i]!, allowed: [place] }))
  const { seconds, usd } = planPlacement({ ...free, compute: { ...problem.compute, mergeSeconds: 0 }, groups })
  const { survey, correction, resultBytes } = facts.regions[index]!
  return {
    region: survey.region,
    place,
    bytes: survey.bytes,
    resultBytes,
    seconds: seconds ?? 0,
    usd: (usd ?? 0) / together.length,
    correction: place === CLIENT ? facts.clientCorrection : correction,
  }
}

function notesOn({ regions, client, clientAssumed }: Facts, { survey, sample, fleet }: QuoteOptions): string[] {
  const notes = ['gathering in one region is not offered: a function reads only the buckets of its own region']
  if (clientAssumed) {
    notes.push(
      `your line is not known: ${client.bitsPerSecond / 1e6} Mbit/s near ${client.region} stands in; say --line and --near` +
        (fleet.endpoint === undefined ? '' : ' (this local cloud has no links of real length; lander local up --wan)'),
    )
  }
  for (const { survey: region, deployed } of regions)
    if (!deployed) notes.push(`the fleet has no function in ${region.region}, so no code can go there`)
  if (!survey.complete) notes.push(`there are more objects than the ${survey.objects} counted: reckon with more`)
  for (const { region, problem } of sample?.regions ?? [])
    if (problem !== undefined) notes.push(`the trial in ${region} taught nothing: ${problem}`)
  if (sample === undefined) notes.push('the agent was not tried: --sample narrows the intervals')
  return notes
}
