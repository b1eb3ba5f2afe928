/** From the results of a mission's regions to one answer. */
import { type ClientRunOptions, runAtClient } from '../client/run-at-client.ts'
import type { Json } from '../encoding/json.ts'
import type { LandingResult } from '../host/landing-result.ts'
import type { LandingPlace } from '../relay/landing-place.ts'
import type { RegionResult } from '../relay/region-result.ts'
import type { MissionResult } from './mission.ts'
import { type MissionOutcome, type MissionUsage, outcomeOf, usageOf, valuesOf, worstOutcome } from './outcome-of.ts'

/** How a mission ended, with one value made of all its results. */
export interface Answer {
  readonly mission: string
  readonly outcome: MissionOutcome
  /**
   * The agent's result: of its one region, merged from several by the agent's `merge`, or an array in the order of
   * `regions` when it has none. Absent unless every region completed.
   */
  readonly value?: Json
  /** The merged results of the regions that completed, where others did not. */
  readonly partial?: Json
  readonly usage: MissionUsage
  readonly regions: readonly RegionResult[]
  /** Whether every region's result was held against its receipt: the fleet file has the keys for that. */
  readonly verified: boolean
  /** What merging took on the client, where there was more than one result to merge. */
  readonly merge?: LandingResult
}

/** What merging takes: the client as a place, and the mission whose agent merges. */
export interface Merger extends Omit<ClientRunOptions, 'input'> {
  readonly client: Pick<LandingPlace, 'deliver' | 'land'>
}

/**
 * One answer of a mission's results. The result of a mission's only region is the answer as it is; otherwise the
 * agent's own `merge` makes the answer, on the client.
 *
 * @param merger called at most once, and only where there is something to merge
 */
export async function answerOf(
  { mission, regions, verified }: MissionResult,
  merger: () => Promise<Merger>,
): Promise<Answer> {
  const values = valuesOf(regions.filter((region) => outcomeOf(region) === 'completed')) ?? []
  const summary = { mission, usage: usageOf(regions), regions, verified }
  if (values.length === 0) return { ...summary, outcome: worstOutcome(regions) }
  const { value, merge, outcome } = await merged(values, regions, merger)
  const whole = values.length === regions.length
  return {
    ...summary,
    outcome: whole ? outcome : worstOutcome(regions),
    ...(value !== undefined && (whole ? { value } : { partial: value })),
    ...(merge && { merge }),
  }
}

async function merged(
  values: readonly Json[],
  regions: readonly RegionResult[],
  merger: () => Promise<Merger>,
): Promise<{ value?: Json; outcome: MissionOutcome; merge?: LandingResult }> {
  if (values.length === 1 && regions.length === 1) return { value: values[0]!, outcome: 'completed' }
  const { client, ...options } = await merger()
  const merge = await runAtClient(
    client,
    { ...options, input: values, order: { ...options.order, scopes: [] } },
    'merge',
  )
  const { outcome } = merge
  return { merge, outcome: outcome.kind, ...(outcome.kind === 'completed' && { value: outcome.value }) }
}
