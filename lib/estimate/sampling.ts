/**
 * Trying an agent before its run is paid for: on the heads of a few objects, in the regions themselves, so that no data
 * leaves them. A trial is an order like any other, only narrower: a few objects, of each its head, tight limits.
 */

import { readManifest } from '../author/sign-order.ts'
import type { OpenPlace } from '../client/open-place.ts'
import { runAtClient } from '../client/run-at-client.ts'
import type { Json } from '../encoding/json.ts'
import type { WireError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { type MissionOptions, runMission } from '../mission/mission.ts'
import { outcomeOf } from '../mission/outcome-of.ts'
import type { RegionResult } from '../relay/region-result.ts'
import type { Scope } from '../scope.ts'
import { fitTrials, type Learned, type Trial } from './sample-fit.ts'
import type { RegionSurvey, Survey } from './survey.ts'
import type { SurveyedObject } from './surveyed-object.ts'

export interface SampleOptions {
  /** How the agent would be run; its order says where. */
  readonly mission: MissionOptions
  readonly survey: Survey
  /** Makes this machine a place, which is then tried too: how long it takes to start and to merge. @default it is not */
  readonly openClient?: () => Promise<OpenPlace>
  /** @default {@link SAMPLE_BOUNDS} */
  readonly bounds?: SampleBounds
}

export interface SampleBounds {
  /** Bytes that one trial reads in a region at most. */
  readonly trialBytes: number
  /** No further trial is made when the last took so long. */
  readonly trialSeconds: number
  /** Seconds after which a trial is stopped. */
  readonly wallSeconds: number
}

/** A trial costs GETs and GB-seconds within a region: at these bounds hundredths of a cent for each. */
export const SAMPLE_BOUNDS: SampleBounds = { trialBytes: 64 * 2 ** 20, trialSeconds: 2, wallSeconds: 20 }

/** What trials taught of one region, or why they taught nothing. */
export interface RegionSample {
  readonly region: string
  readonly trials: readonly Trial[]
  readonly learned?: Learned
  readonly problem?: string
}

/** What trials taught of this machine. */
export interface ClientSample {
  /** Until agents were at work on as many parts as there are regions. */
  readonly startSeconds: number
  /** What merging the results took. */
  readonly mergeSeconds: number
}

export interface Sample {
  readonly regions: readonly RegionSample[]
  readonly client?: ClientSample
  /** How long all trials took. */
  readonly seconds: number
  /** What all trials read, where the data lies. */
  readonly bytesRead: number
}

const FIRST_TRIAL_BYTES = 256 * 1024
const GROWTH = 4

/**
 * Runs the agent on more and more data in all regions side by side, as the run itself will be, until a trial takes long
 * enough to be measured or reads all there is.
 */
export async function sampleAgent({
  mission,
  survey,
  openClient,
  bounds = SAMPLE_BOUNDS,
}: SampleOptions): Promise<Sample> {
  const start = performance.now()
  const states = survey.regions.filter(({ bytes }) => bytes > 0).map(startTrials)
  const tryAll = (size: number) =>
    Promise.all(states.filter(({ failed }) => !failed).map((state) => tryOnce(state, size, mission, bounds)))
  let size = FIRST_TRIAL_BYTES
  await tryAll(size)
  for (; size * GROWTH <= bounds.trialBytes && !taughtEnough(states, bounds); size *= GROWTH)
    await tryAll(size * GROWTH)
  // The last size once more: what was slow by accident shows.
  const results = await tryAll(size)
  const client = openClient && (await tryClient(openClient, mission, results))
  const { limits } = readManifest(mission.file)
  const maxResultBytes = Math.min(limits.resultBytes, mission.order?.limits?.resultBytes ?? Number.POSITIVE_INFINITY)
  return {
    regions: states.map((state) => conclude(state, maxResultBytes)),
    ...(client && { client }),
    seconds: (performance.now() - start) / 1000,
    bytesRead: states.flatMap(({ trials }) => trials).reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

interface RegionTrials {
  readonly survey: RegionSurvey
  readonly objects: readonly SurveyedObject[]
  readonly trials: Trial[]
  /** A region that failed is not tried any more. */
  failed: boolean
  problem?: string
}

/** Objects to try it on: the larger ones, in which most of the data lies. */
const TRIED_OBJECTS = 2

const startTrials = (survey: RegionSurvey): RegionTrials => ({
  survey,
  objects: survey.largest.slice(0, TRIED_OBJECTS),
  trials: [],
  failed: false,
})

/**
 * Whether the last trials were all that is worth trying: each took long enough, or read most of what there is. The first
 * don't count, since functions may have been cold.
 */
function taughtEnough(states: readonly RegionTrials[], { trialSeconds }: SampleBounds): boolean {
  return states.every(({ survey, trials, failed }) => {
    const [before, last] = trials.slice(-2)
    if (failed || before === undefined || last === undefined) return failed
    const slow = trials.length > 2 && last.workSeconds >= trialSeconds
    return slow || last.bytes <= 1.5 * before.bytes || last.bytes >= survey.bytes / 2
  })
}

async function tryOnce(
  state: RegionTrials,
  size: number,
  mission: MissionOptions,
  bounds: SampleBounds,
): Promise<RegionResult> {
  const { region } = state.survey
  const scopes = state.objects.map(({ bucket, key }): Scope => ({ bucket, prefix: key, actions: ['read'] }))
  const limits: Partial<Limits> = { ...mission.order?.limits, wallMs: bounds.wallSeconds * 1000 }
  const { onProgress: _, ...quiet } = mission
  const order = { regions: [region], scopes, limits, headBytes: Math.ceil(size / scopes.length) }
  const { regions } = await runMission({ ...quiet, order })
  const result = regions[0]!
  const { landingResult } = result
  const work = landingResult === undefined ? 0 : landingResult.usage.wallMs / 1000
  if (outcomeOf(result) === 'completed') {
    const { bytesRead, bytesReturned } = landingResult!.usage
    state.trials.push({ bytes: bytesRead, seconds: result.seconds, workSeconds: work, resultBytes: bytesReturned })
  } else {
    // An agent that fails on more data, or takes too long for it, has taught something by what it did before.
    state.failed = true
    if (state.trials.length === 0) state.problem = whyNot(result)
  }
  return result
}

function whyNot({ landingResult, error }: RegionResult): string {
  const outcome = landingResult?.outcome
  if (outcome?.kind === 'stopped') return `stopped by ${outcome.limit}`
  const failure: Partial<WireError> | undefined = outcome?.kind === 'failed' ? outcome.error : error
  return [failure?.code, failure?.message].filter(Boolean).join(': ')
}

function conclude({ survey, trials, problem = '' }: RegionTrials, maxResultBytes: number): RegionSample {
  const learned = fitTrials(trials, { allBytes: survey.bytes, maxResultBytes })
  const why = problem || (trials.length > 0 && learned === undefined ? 'the agent read nothing' : '')
  return { region: survey.region, trials, ...(learned && { learned }), ...(why && { problem: why }) }
}

/** Merges the last results; a merge that fails teaches nothing, and the run itself will say why. */
async function tryClient(
  openClient: () => Promise<OpenPlace>,
  { onProgress: _, ...mission }: MissionOptions,
  results: readonly RegionResult[],
): Promise<ClientSample | undefined> {
  const values = results.flatMap(({ landingResult }): Json[] =>
    landingResult?.outcome.kind === 'completed' ? [landingResult.outcome.value] : [],
  )
  if (values.length === 0) return undefined
  const start = performance.now()
  await using client = await openClient()
  const merge = () =>
    runAtClient(client, { ...mission, input: values, order: { ...mission.order, scopes: [] } }, 'merge')
  try {
    // One a region, side by side: so will they start when the data comes here.
    await Promise.all(values.map(merge))
    const started = performance.now()
    await merge()
    const mergeSeconds = (performance.now() - started) / 1000
    return { startSeconds: Math.max(0, (started - start) / 1000 - mergeSeconds), mergeSeconds }
  } catch {
    return undefined
  }
}
