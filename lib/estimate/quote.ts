/**
 * What a run will take, before it is paid for: what was counted, tried and remembered becomes a placement problem, and
 * its plan becomes a quote. Pure.
 */
import type { Statement } from '../bundle/manifest.ts'
import { UsageError } from '../errors.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { type PlacementProblem, type Plan, planPlacement } from '../gravity/index.ts'
import { INTERNET, type PriceFile } from '../gravity/prices.ts'
import { coldStartSeconds, LAMBDA_LIMITS } from '../gravity/tables/lambda-performance.ts'
import { linkBetween } from '../gravity/tables/links.ts'
import { exactly, type Interval, within } from './interval.ts'
import { type Correction, correctionOf, type JournalEntry, lastResultBytes } from './journal.ts'
import type { Learned } from './sample-fit.ts'
import type { Sample } from './sampling.ts'
import type { RegionSurvey, Survey } from './survey.ts'

/** Where the sender's own machine is, and what its line carries. */
export interface HomeLine {
  /** The region it is nearest to. */
  readonly region: string
  readonly bitsPerSecond: number
}

export interface QuoteOptions {
  readonly fleet: Fleet
  readonly statement: Statement
  readonly survey: Survey
  /** What is sent to every region: bundle, order and input. */
  readonly agentBytes: number
  /** @default nothing was tried */
  readonly sample?: Sample | undefined
  /** Runs of the past. @default none */
  readonly journal?: readonly JournalEntry[]
  /** @default the fleet's; else 50 Mbit/s near the first region, with a warning */
  readonly home?: HomeLine | undefined
  /** Regions whose data must not leave them. @default none */
  readonly keepData?: readonly string[]
  /** Regions whose results must not leave them either. @default none */
  readonly keepResults?: readonly string[]
  /** The ways that may be chosen. @default both */
  readonly ways?: readonly Way[]
  readonly deadlineSeconds?: number | undefined
  readonly budgetUsd?: number | undefined
  readonly prices?: PriceFile | undefined
  /** @default the present */
  readonly now?: Date
}

/** `data`: the agent goes where its data lies. `home`: the data comes to this machine. */
export type Way = 'data' | 'home'

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
  readonly basis: JournalEntry['basis']
  readonly problem: PlacementProblem
  readonly plan: Plan
  /** Of the plan's placement; `undefined` where there is no plan. */
  readonly seconds: Interval | undefined
  readonly usd: Interval | undefined
  readonly parts: readonly QuotedPart[]
  readonly home: HomeLine
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
const HOME_START_SECONDS = 0.5
const HOME_START_SPREAD = 3

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
    home: facts.home,
    notes: notesOn(facts, options),
  }
}

/** How the journal knows an agent: the same code is the same agent, whenever it was signed. */
export function agentName({ name, entries }: Statement): string {
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
  readonly basis: JournalEntry['basis']
  readonly home: HomeLine
  readonly homeAssumed: boolean
  readonly regions: readonly RegionFacts[]
  readonly homeBytesPerSecond: Interval
  readonly homeStartSeconds: Interval
  readonly homeCorrection: Correction
  readonly mergeSeconds: number
}

function gatherFacts(options: QuoteOptions): Facts {
  const { fleet, statement, survey, sample, journal = [] } = options
  const agent = agentName(statement)
  const measured = sample?.regions.some(({ learned }) => learned !== undefined) ?? false
  const basis = measured ? 'sampled' : 'assumed'
  const home = options.home ?? fleet.home ?? { region: fleet.regions[0]!.region, bitsPerSecond: ASSUMED_LINE_BPS }
  const regions = survey.regions.map((region) => regionFacts(region, { agent, basis, home }, options))
  const homeCorrections = survey.regions.map(({ region }) =>
    correctionOf(journal, { agent, basis, region, place: INTERNET }),
  )
  const known = homeCorrections.toSorted((a, b) => b.runs - a.runs)[0]!
  return {
    agent,
    basis,
    home,
    homeAssumed: options.home === undefined && fleet.home === undefined,
    regions,
    homeBytesPerSecond: addIntervals(regions.map(({ bytesPerSecond }) => bytesPerSecond)),
    homeStartSeconds: sample?.home
      ? within(sample.home.startSeconds, TRUSTED_SPREAD)
      : within(HOME_START_SECONDS, HOME_START_SPREAD),
    homeCorrection: known,
    mergeSeconds: survey.regions.length > 1 ? (sample?.home?.mergeSeconds ?? HOME_START_SECONDS) : 0,
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
  { agent, basis, home }: Pick<Facts, 'agent' | 'basis' | 'home'>,
  { fleet, sample, statement, agentBytes, journal = [] }: QuoteOptions,
): RegionFacts {
  const { region } = survey
  const learned = sample?.regions.find((sampled) => sampled.region === region)?.learned ?? likeOthers(sample)
  const correction = correctionOf(journal, { agent, basis, region, place: region })
  const link = homeLink(home, region)
  const exchange = (ROUND_TRIPS_PER_EXCHANGE * link.rttMs) / 1000
  const assumedStart = coldStartSeconds(FUNCTION_BYTES) + exchange + (8 * agentBytes) / link.bitsPerSecond
  const spreadOfRuns = correction.runs >= TRUSTED_RUNS ? TRUSTED_SPREAD : ASSUMED_SPREAD
  const limit = statement.limits.resultBytes
  const last = lastResultBytes(journal, { agent, region })
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
function homeLink(home: HomeLine, region: string): { bitsPerSecond: number; rttMs: number } {
  const haul = linkBetween(home.region, region)
  const bitsPerSecond = Math.min(home.bitsPerSecond, haul.bitsPerSecond)
  return { bitsPerSecond, rttMs: haul.rttMs + ACCESS_RTT_MS }
}

/** The problem as it is if every figure is at its best guess, or all lie at the low or the high end of the run's time. */
function problemAt(corner: Corner, facts: Facts, options: QuoteOptions): PlacementProblem {
  const { fleet, agentBytes, deadlineSeconds, budgetUsd, prices } = options
  const { home, regions, homeCorrection, mergeSeconds } = facts
  const toHome = regions.map(({ survey }) => [survey.region, homeLink(home, survey.region)] as const)
  // The past slows a place down as a whole: its start, its work and, at home, its line.
  const line = (home.bitsPerSecond * (corner === 'high' ? UTILISATION : 1)) / homeCorrection.factor
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
  const atHome = {
    bytesPerSecond: opposite(facts.homeBytesPerSecond, corner) / homeCorrection.factor,
    startSeconds: facts.homeStartSeconds[corner] * homeCorrection.factor,
  }
  return {
    groups: regions.map((fact) => groupOf(fact, corner, options)),
    agentBytes,
    home: INTERNET,
    homeLink: { bitsPerSecond: line, rttMs: ACCESS_RTT_MS },
    links: {
      [INTERNET]: Object.fromEntries(toHome),
      ...Object.fromEntries(toHome.map(([region, link]) => [region, { [INTERNET]: link }])),
    },
    compute: {
      memoryMB: LAMBDA_LIMITS.mbPerVcpu,
      // A local cloud has no token bucket.
      throttled: fleet.endpoint === undefined,
      mergeSeconds,
      places: { ...Object.fromEntries(inPlace), [INTERNET]: atHome },
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
  const { statement, ways = ['data', 'home'], keepData = [], keepResults = [] } = options
  const { region, bytes, objects } = survey
  const audience = statement.audience.regions
  const admitted = deployed && (audience.includes('*') || audience.includes(region))
  const there = ways.includes('data') && admitted ? [region] : []
  const here = ways.includes('home') && !keepData.includes(region) ? [INTERNET] : []
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
  const together = places.flatMap((other, i) => ((place === INTERNET ? other === INTERNET : i === index) ? [i] : []))
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
    correction: place === INTERNET ? facts.homeCorrection : correction,
  }
}

function notesOn({ regions, home, homeAssumed }: Facts, { survey, sample, fleet }: QuoteOptions): string[] {
  const notes = ['gathering in one region is not offered: a function reads only the buckets of its own region']
  if (homeAssumed) {
    notes.push(
      `your line is not known: ${home.bitsPerSecond / 1e6} Mbit/s near ${home.region} stands in; say --line and --home` +
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
