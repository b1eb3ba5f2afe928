import { addSpent, NOTHING_SPENT } from '../../lib/limits.ts'
import type { Arrival, JobResult, Sandbox } from '../../lib/sandbox/contract/job.ts'
import type { CopyAnswer, Outcome } from '../../lib/sandbox/contract/outcome.ts'
import { jobOf, type RunOptions } from './jobs.ts'

export interface Travel {
  readonly outcome: Outcome
  /** All landings, in the order in which they ended. */
  readonly landings: readonly { readonly region: string; readonly result: JobResult }[]
}

export interface TravelOptions extends Omit<RunOptions, 'evict'> {
  /** The objects of each place, by region. @default `objects` in each */
  readonly dataOf?: (region: string) => RunOptions
  /** Evicts the agent, for each landing. */
  readonly evict?: () => AbortSignal | undefined
}

/** Runs an agent and moves its unsealed state from place to place until it ends. All places share one sandbox. */
export async function travel(sandbox: Sandbox, main: string, options: TravelOptions = {}): Promise<Travel> {
  const landings: { region: string; result: JobResult }[] = []

  async function land(region: string, arrival?: Arrival): Promise<Outcome> {
    const { evict: evictOf, dataOf, ...same } = options
    const evict = evictOf?.()
    const job = jobOf(main, { ...same, ...dataOf?.(region), region, regions: REGIONS, ...(evict && { evict }) })
    const result = await sandbox.run(arrival === undefined ? job : { ...job, entry: 'resume', arrival })
    landings.push({ region, result })
    const { outcome, usage } = result
    if (outcome.kind !== 'departed') return outcome
    const { destination, state } = outcome
    const to = destination.kind === 'hop' ? [destination.to] : destination.kind === 'scatter' ? destination.to : []
    const used = {
      ...NOTHING_SPENT,
      wallMs: usage.wallMs,
      hostCalls: usage.hostCalls,
      readBytes: usage.bytesRead,
      logBytes: usage.logBytes,
      hops: to.length,
    } // prettier-ignore
    const next = { state, from: region, spent: addSpent(arrival?.spent ?? NOTHING_SPENT, used) }
    if (destination.kind === 'hop') return land(destination.to, next)
    if (destination.kind === 'stay') return land(region, next)
    const answers: CopyAnswer[] = await Promise.all(destination.to.map((place, copy) => land(place, { ...next, copy })))
    return land(region, { ...next, answers })
  }

  return { outcome: await land(options.region ?? REGIONS[0]!), landings }
}

export const REGIONS = ['us-1', 'eu-1', 'ap-1']
