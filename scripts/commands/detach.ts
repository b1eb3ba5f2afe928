/** `lander run --detach`: the mission goes on by itself, and is asked for later. */
import { UsageError } from '../../lib/errors.ts'
import type { Limits } from '../../lib/limits.ts'
import { type Dispatched, dispatchMission } from '../../lib/mission/detached/dispatch.ts'
import type { MissionOptions } from '../../lib/mission/mission.ts'
import type { Scope } from '../../lib/scope.ts'
import { MAX_ORDER_LIFETIME_MS } from '../../lib/trust/order.ts'
import { note, printResult } from '../terminal/output.ts'

export interface DetachOptions {
  readonly data?: readonly Scope[]
  readonly limit?: Partial<Limits>
  readonly start: 'once' | 'everywhere'
  readonly place: string
  /** Milliseconds the mission may take. */
  readonly for: number
  readonly maxUsd?: number
  readonly maxSeconds?: number
  readonly receipts?: string
  readonly json?: boolean
}

/** Sends a mission off and says how to find it again. */
export async function detachRun(
  mission: Pick<MissionOptions, 'fleet' | 'clients' | 'file' | 'sender' | 'input'>,
  options: DetachOptions,
): Promise<void> {
  requireDetachable(options)
  const { data: scopes, limit: limits = {}, start, for: lifetimeMs } = options
  const order = { limits, lifetimeMs, ...(scopes && { scopes }) }
  const sent = await dispatchMission({ ...mission, order, start })
  printResult(options.json, sent, () => sent.mission)
  if (!options.json) explain(sent)
}

/** What takes somebody who stays: the relay in the cloud knows no ceilings, and brings no data to this machine. */
function requireDetachable({ place, maxUsd, maxSeconds, receipts, for: lifetimeMs }: DetachOptions): void {
  if (lifetimeMs > MAX_ORDER_LIFETIME_MS)
    throw new UsageError('USAGE', 'a mission may take a day at most', { remedy: 'name 24h or less with --for' })
  const word =
    (place === 'client' && '--place client') ||
    (maxUsd !== undefined && '--max-usd') ||
    (maxSeconds !== undefined && '--max-seconds') ||
    (receipts !== undefined && '--receipts')
  if (!word) return
  throw new UsageError('USAGE', `${word} does not go with --detach: nobody stays to see to it`, {
    remedy: word === '--receipts' ? 'fetch them later: lander result MISSION --receipts DIR' : `leave ${word} out`,
  })
}

function explain({ mission, relay, regions, expiresAt }: Dispatched): void {
  note(`goes on by itself in ${regions.join(', ')}, carried from ${relay}, until ${new Date(expiresAt).toISOString()}`)
  note(`lander status ${mission}   where it is`)
  note(`lander result ${mission}   what it came to`)
  note(`lander cancel ${mission}   that it lands no more`)
}
