/** Fetches what a detached mission came to, as one answer. */

import { startLazyClient } from '../../client/lazy-client.ts'
import { RefusedError, UsageError } from '../../errors.ts'
import { bundleOfRequest } from '../../relay/detached-request.ts'
import type { SigningKey } from '../../trust/keys.ts'
import { type Answer, answerOf } from '../merge.ts'
import { type LookUpOptions, missionAnswer } from './status.ts'

/** Where to look for a mission, and who merges its results. */
export interface CollectOptions extends LookUpOptions {
  /** Signs the order under which several results are merged on this machine; unused where there is one. */
  readonly sender: () => Promise<SigningKey>
}

/** A mission whose order has expired is given as long to say so. */
const GRACE_MS = 60_000

/**
 * What a mission came to; several results are merged on this machine, as an attached run's are.
 *
 * @throws UsageError `MISSION_UNKNOWN`, `MISSION_UNDER_WAY`
 * @throws RefusedError `EXPIRED` when its order did, and nobody brought an answer
 */
export async function collectAnswer(mission: string, options: CollectOptions): Promise<Answer> {
  const { fleet, clients, sender, now = Date.now } = options
  const { request, answer, agents } = await missionAnswer(mission, options)
  if (answer === undefined) throw noAnswer(mission, request.expiresAt, now())
  await using client = startLazyClient({ fleet, clients, now }, { soon: false })
  return await answerOf(answer, async () => {
    const file = await bundleOfRequest(request, agents)
    return { client: await client.ready(), fleet, clients, file, sender: await sender(), now }
  })
}

function noAnswer(mission: string, expiresAt: number, now: number): UsageError | RefusedError {
  if (now > expiresAt + GRACE_MS)
    return new RefusedError('EXPIRED', `the order of mission ${mission} expired before it came to an answer`)
  return new UsageError('MISSION_UNDER_WAY', `mission ${mission} is under way still`, {
    remedy: 'ask again later, or wait for it with --wait; lander status shows where it is',
  })
}
