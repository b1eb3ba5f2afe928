/** What a mission's regions answered, read as one answer. Pure. */
import type { Json } from '../encoding/json.ts'
import type { RegionResult } from './mission.ts'

/** How a mission ended as a whole: `completed` only when every region completed. */
export type MissionOutcome = 'completed' | 'failed' | 'stopped' | 'refused' | 'unreachable'

export interface MissionUsage {
  /** Bytes read from objects, where they lie. */
  readonly bytesRead: number
  /** Bytes of results, error texts and logs that left the regions. */
  readonly bytesReturned: number
  /** Bytes that crossed the links between caller and regions, both ways. */
  readonly bytesMoved: number
}

/** From the mildest to the gravest. */
const GRAVITY: readonly MissionOutcome[] = ['completed', 'stopped', 'failed', 'refused', 'unreachable']

/** The outcome of one region. */
export function outcomeOf({ settlement, error }: RegionResult): MissionOutcome {
  if (settlement !== undefined) return settlement.outcome.kind
  if (error?.code === 'LIMIT_REACHED') return 'stopped'
  return error?.situation === 'refused' ? 'refused' : 'unreachable'
}

/** The outcome of all: the gravest of them. */
export function worstOutcome(regions: readonly RegionResult[]): MissionOutcome {
  return regions.map(outcomeOf).reduce((a, b) => (GRAVITY.indexOf(b) > GRAVITY.indexOf(a) ? b : a), 'completed')
}

/** The values of the regions in their order, or `undefined` when one has none. */
export function valuesOf(regions: readonly RegionResult[]): readonly Json[] | undefined {
  const values = regions.flatMap(({ settlement }) =>
    settlement?.outcome.kind === 'completed' ? [settlement.outcome.value] : [],
  )
  return values.length === regions.length ? values : undefined
}

/** What the regions used, in sum. */
export function usageOf(regions: readonly RegionResult[]): MissionUsage {
  const sum = (of: (region: RegionResult) => number) => regions.reduce((total, region) => total + of(region), 0)
  return {
    bytesRead: sum(({ settlement }) => settlement?.usage.bytesRead ?? 0),
    bytesReturned: sum(({ settlement }) => settlement?.usage.bytesReturned ?? 0),
    bytesMoved: sum(({ bytesMoved }) => bytesMoved),
  }
}
