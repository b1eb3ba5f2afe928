/**
 * Trial runs: the agent runs on the first bytes of a few objects, in their own regions, so that no data leaves them. A
 * trial is an ordinary order with narrower scopes and limits.
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
  /** The run that is planned. */
  readonly mission: MissionOptions
  readonly survey: Survey
  /** Opens the client as a place, to measure its start and the merge. @default the client is not measured */
  readonly openClient?: () => Promise<OpenPlace>
  /** @default {@link SAMPLE_BOUNDS} */
  readonly bounds?: SampleBounds
}

export interface SampleBounds {
  /** The most bytes that one trial reads in a region. */
  readonly trialBytes: number
  /** If a trial takes this long, no larger one follows. */
  readonly trialSeconds: number
  /** A trial is stopped after this time. */
  readonly wallSeconds: number
}

/** With these bounds, the GETs and GB-seconds of a trial cost hundredths of a cent in each region. */
export const SAMPLE_BOUNDS: SampleBounds = { trialBytes: 64 * 2 ** 20, trialSeconds: 2, wallSeconds: 20 }

/** The trials in one region. `problem` says why nothing was measured. */
export interface RegionSample {
  readonly region: string
  readonly trials: readonly Trial[]
  readonly learned?: Learned
  readonly problem?: string
}

/** The measurements of the client. */
export interface ClientSample {
  /** Seconds until as many agents as there are regions had started. */
  readonly startSeconds: number
  /** Seconds for merging the results. */
  readonly mergeSeconds: number
}

export interface Sample {
  readonly regions: readonly RegionSample[]
  readonly client?: ClientSample
  /** The time of all trials together. */
  readonly seconds: number
  /** The bytes that all trials read, in the regions of the data. */
  readonly bytesRead: number
}

const FIRST_TRIAL_BYTES = 256 * 1024
const GROWTH = 4

/**
 * Runs the agent in all regions in parallel, as the run itself will. The trials grow until one takes long enough to
 * measure or reads all data.
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
  for (; size * GROWTH <= bounds.trialBytes && !measuredEnough(states, bounds); size *= GROWTH)
    await tryAll(size * GROWTH)
  // The last size again, because a single trial may have been slow by chance.
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
  /** Whether a trial failed. Then no further trial runs in the region. */
  failed: boolean
  problem?: string
}

/** How many objects a trial reads. They are the largest ones, because they have most of the data. */
const TRIED_OBJECTS = 2

const startTrials = (survey: RegionSurvey): RegionTrials => ({
  survey,
  objects: survey.largest.slice(0, TRIED_OBJECTS),
  trials: [],
  failed: false,
})

/**
 * Whether larger trials would add nothing: in each region the last one took long enough, or read most of the data. The
 * first trials don't count, because functions may have been cold.
 */
function measuredEnough(states: readonly RegionTrials[], { trialSeconds }: SampleBounds): boolean {
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
    // If an agent fails or times out on more data, its earlier trials are still used.
    state.failed = true
    if (state.trials.length === 0) state.problem = describeProblem(result)
  }
  return result
}

function describeProblem({ landingResult, error }: RegionResult): string {
  const outcome = landingResult?.outcome
  if (outcome?.kind === 'stopped') return `stopped by ${outcome.limit}`
  const failure: Partial<WireError> | undefined = outcome?.kind === 'failed' ? outcome.error : error
  return [failure?.code, failure?.message].filter(Boolean).join(': ')
}

function conclude({ survey, trials, problem = '' }: RegionTrials, maxResultBytes: number): RegionSample {
  const learned = fitTrials(trials, { allBytes: survey.bytes, maxResultBytes })
  const why = problem || (trials.length > 0 && learned === undefined ? 'the agent read no data' : '')
  return { region: survey.region, trials, ...(learned && { learned }), ...(why && { problem: why }) }
}

/** Merges the results of the last trials on the client. If the merge fails, it measures nothing; the run reports why. */
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
    // One merge for each region in parallel, because as many agents start when data moves to the client.
    await Promise.all(values.map(merge))
    const started = performance.now()
    await merge()
    const mergeSeconds = (performance.now() - started) / 1000
    return { startSeconds: Math.max(0, (started - start) / 1000 - mergeSeconds), mergeSeconds }
  } catch {
    return undefined
  }
}
