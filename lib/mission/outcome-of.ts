/** What a mission's regions answered, read as one answer. Pure. */
import type { Json } from '../encoding/json.ts'
import type { RegionResult } from '../relay/region-result.ts'
import type { Usage } from '../sandbox/contract/outcome.ts'

/** How a mission ended as a whole: `completed` only when every region completed. */
export type MissionOutcome = 'completed' | 'failed' | 'stopped' | 'refused' | 'unreachable'

/** What a mission used, counted by its hosts, and by the caller what crossed the links. */
export interface MissionUsage {
  /** Bytes read from objects, where they lie. */
  readonly bytesRead: number
  /** Bytes of results, error texts and logs that left the regions. */
  readonly bytesReturned: number
  /** Bytes that crossed the links between caller and regions, both ways. */
  readonly bytesMoved: number
}

/** From the mildest to the gravest. */
const SEVERITY: readonly MissionOutcome[] = ['completed', 'stopped', 'failed', 'refused', 'unreachable']

/** The outcome of one region. */
export function outcomeOf({ landingResult, error }: RegionResult): MissionOutcome {
  if (landingResult !== undefined) return landingResult.outcome.kind
  if (error?.code === 'LIMIT_REACHED') return 'stopped'
  if (error?.code === 'NO_OBJECTS') return 'failed'
  return error?.situation === 'refused' ? 'refused' : 'unreachable'
}

/** The outcome of all: the gravest of them. */
export function worstOutcome(regions: readonly RegionResult[]): MissionOutcome {
  return regions.map(outcomeOf).reduce((a, b) => (SEVERITY.indexOf(b) > SEVERITY.indexOf(a) ? b : a), 'completed')
}

/** The values of the regions in their order, or `undefined` when one has none. */
export function valuesOf(regions: readonly RegionResult[]): readonly Json[] | undefined {
  const values = regions.flatMap(({ landingResult }) =>
    landingResult?.outcome.kind === 'completed' ? [landingResult.outcome.value] : [],
  )
  return values.length === regions.length ? values : undefined
}

/** What all landings used, in sum. */
export function usageOf(regions: readonly RegionResult[]): MissionUsage {
  const used = regions.flatMap(usagesOf)
  return {
    bytesRead: used.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    bytesReturned: used.reduce((sum, { bytesReturned }) => sum + bytesReturned, 0),
    bytesMoved: regions.reduce((sum, { bytesMoved }) => sum + bytesMoved, 0),
  }
}

function usagesOf({ landingResult, route }: RegionResult): readonly Usage[] {
  if (route !== undefined) return route.map((step) => step.landingResult.usage)
  return landingResult === undefined ? [] : [landingResult.usage]
}
