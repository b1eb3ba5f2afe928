/**
 * Quotes a run before it starts. The survey, the trial runs and the accuracy history become a placement problem, and its
 * plan becomes a quote. Pure.
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

/** The client's position in the network. */
export interface ClientLink {
  /** The nearest region. */
  readonly region: string
  /** The bandwidth of the client's line. */
  readonly bitsPerSecond: number
}

export interface QuoteOptions {
  readonly fleet: Fleet
  readonly manifest: Manifest
  readonly survey: Survey
  /** Bytes that are sent to every region: bundle, order and input. */
  readonly agentBytes: number
  /** The trial runs. @default none */
  readonly sample?: Sample | undefined
  /** Earlier runs. @default none */
  readonly history?: readonly HistoryEntry[]
  /** @default as the fleet file says; else 50 Mbit/s near the first region, with a note in the quote */
  readonly client?: ClientLink | undefined
  /** Regions whose data must not leave them. @default none */
  readonly keepData?: readonly string[]
  /** Regions whose results must not leave them. @default none */
  readonly keepResults?: readonly string[]
  /** The modes that may be chosen. @default both */
  readonly modes?: readonly Mode[]
  readonly deadlineSeconds?: number | undefined
  readonly budgetUsd?: number | undefined
  readonly prices?: PriceFile | undefined
  /** @default the present */
  readonly now?: Date
}

/** `data`: the agent moves to the region of the data. `client`: the data moves to the client. */
export type Mode = 'data' | 'client'

/** One region's data in the quote. */
export interface QuotedPart {
  readonly region: string
  /** Where the data is processed: its region, or `client`. */
  readonly place: string
  readonly bytes: number
  readonly resultBytes: Interval
  /** From sending the agent to receiving the result. For the client, until all data that moves there is processed. */
  readonly seconds: number
  readonly usd: number
  /** How earlier runs corrected the seconds. */
  readonly correction: Correction
}

export interface Quote {
  readonly agent: string
  readonly basis: HistoryEntry['basis']
  readonly problem: PlacementProblem
  readonly plan: Plan
  /** For the placement of the plan; `undefined` if there is no plan. */
  readonly seconds: Interval | undefined
  readonly usd: Interval | undefined
  readonly parts: readonly QuotedPart[]
  readonly client: ClientLink
  /** What was not measured or not offered, and why. */
  readonly notes: readonly string[]
}

/** The bandwidth that is assumed if the client's line is unknown: that of a small office. */
const ASSUMED_LINE_BPS = 50e6

/** The share of a line that is available when others use it too, as AWS assumes in its transfer tables. */
const UTILISATION = 0.8

/** Milliseconds of a round trip over an access line, such as fibre to a building. It is added to the long haul. */
const ACCESS_RTT_MS = 5

/** The assumed rate of an agent that reads lines or CSV on one vCPU. Other agents differ by up to ASSUMED_SPREAD. */
const ASSUMED_BYTES_PER_SECOND = 40e6
const ASSUMED_SPREAD = 4

/** With this many earlier runs, the interval is narrowed to TRUSTED_SPREAD. */
const TRUSTED_RUNS = 3
const TRUSTED_SPREAD = 1.5

/** One round trip each for TCP, for TLS and for the request, as in the planner's routes. */
const ROUND_TRIPS_PER_EXCHANGE = 3

/** The assumed time to start a process on the client, which may be busy. */
const CLIENT_START_SECONDS = 0.5
const CLIENT_START_SPREAD = 3

/** The size of the function's code, which a cold start loads. */
const FUNCTION_BYTES = 4 * 2 ** 20

/** Which figure of each interval is used. */
type Corner = 'low' | 'value' | 'high'

/**
 * Quotes a run: where it should run, how long it takes and what it costs, with intervals.
 *
 * With a deadline it finds the cheapest plan, else the fastest plan within the budget.
 *
 * @throws UsageError `PROBLEM_INVALID` if there are no objects
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

/** The name of an agent in the history. Equal code has an equal name, whenever it was signed. */
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
      remedy: 'check the prefixes: whole segments match, so s3://b/logs is the key "logs" and the keys below "logs/"',
    },
  )
}

interface RegionFacts {
  readonly survey: RegionSurvey
  readonly deployed: boolean
  readonly learned: Learned | undefined
  readonly resultBytes: Interval
  readonly bytesPerSecond: Interval
  /** Seconds until the agent starts to work there, without the time for the result's return. */
  readonly startSeconds: Interval
  /** The correction for processing the data in its own region. */
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

/** The sum of intervals. The client processes parts in parallel, so their rates add up. */
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
  const link = linkToRegion(client, region)
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

/** For a region without a successful trial: what was measured in the region with the most trials. */
function likeOthers(sample: Sample | undefined): Learned | undefined {
  const measured = sample?.regions.filter(({ learned }) => learned !== undefined) ?? []
  return measured.toSorted((a, b) => b.trials.length - a.trials.length)[0]?.learned
}

const less = ({ low, value, high }: Interval, taken: number): Interval => ({
  low: Math.max(0, low - taken),
  value: Math.max(0, value - taken),
  high: Math.max(0, high - taken),
})

/** The link between the client and a region. Its bandwidth is the lower one of the client's line and the long haul. */
function linkToRegion(client: ClientLink, region: string): { bitsPerSecond: number; rttMs: number } {
  const haul = linkBetween(client.region, region)
  const bitsPerSecond = Math.min(client.bitsPerSecond, haul.bitsPerSecond)
  return { bitsPerSecond, rttMs: haul.rttMs + ACCESS_RTT_MS }
}

/** The placement problem with all figures at their best guess, or all at those for the shortest or the longest run. */
function problemAt(corner: Corner, facts: Facts, options: QuoteOptions): PlacementProblem {
  const { fleet, agentBytes, deadlineSeconds, budgetUsd, prices } = options
  const { client, regions, clientCorrection, mergeSeconds } = facts
  const toClient = regions.map(({ survey }) => [survey.region, linkToRegion(client, survey.region)] as const)
  // A correction applies to all times of a place: its start, its work and, for the client, its line.
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

/** The rate for a corner. The low corner is that of short times, which need the high rate. */
function opposite(rate: Interval, corner: Corner): number {
  if (corner === 'value') return rate.value
  return corner === 'low' ? rate.high : rate.low
}

function groupOf({ survey, deployed, resultBytes }: RegionFacts, corner: Corner, options: QuoteOptions) {
  const { manifest, modes = ['data', 'client'], keepData = [], keepResults = [] } = options
  const { region, bytes, objects } = survey
  const audience = manifest.audience.regions
  const admitted = deployed && (audience.includes('*') || audience.includes(region))
  const inRegion = modes.includes('data') && admitted ? [region] : []
  const onClient = modes.includes('client') && !keepData.includes(region) ? [CLIENT] : []
  return {
    region,
    bytes,
    objects,
    resultBytes: resultBytes[corner],
    allowed: [...inRegion, ...onClient],
    ...(keepResults.includes(region) && { resultAllowed: [region] }),
  }
}

/** The times and costs of one placement with all figures at their best guess, at their best and at their worst. */
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

/** Quotes one region's data. On the client, all data that moves there counts, because it shares the line. */
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
  const notes = ['gathering data in one region is not offered, because a function reads only buckets of its own region']
  if (clientAssumed) {
    notes.push(
      `the client's line is unknown; ${client.bitsPerSecond / 1e6} Mbit/s near ${client.region} is assumed; use --line and --near` +
        (fleet.endpoint === undefined ? '' : ' (this local cloud simulates no links; lander local up --wan does)'),
    )
  }
  for (const { survey: region, deployed } of regions)
    if (!deployed) notes.push(`the fleet has no function in ${region.region}, so no code can run there`)
  if (!survey.complete) notes.push(`only ${survey.objects} objects were counted; there are more, so expect more`)
  for (const { region, problem } of sample?.regions ?? [])
    if (problem !== undefined) notes.push(`the trial run in ${region} failed: ${problem}`)
  if (sample === undefined) notes.push('there were no trial runs; --sample makes them and narrows the intervals')
  return notes
}
