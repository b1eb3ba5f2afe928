/** Fetches what a detached mission came to, as one answer. */

import { readManifest } from '../../author/sign-order.ts'
import { manifestPayload } from '../../bundle/manifest.ts'
import { startLazyClient } from '../../client/lazy-client.ts'
import { digestOf } from '../../encoding/digest.ts'
import { RefusedError, UsageError } from '../../errors.ts'
import type { MissionAnswer } from '../../relay/detached-records.ts'
import { bundleOfRequest, type MissionRequest } from '../../relay/detached-request.ts'
import type { SigningKey } from '../../trust/keys.ts'
import { type OrderFacts, readOrder } from '../../trust/order.ts'
import { type Answer, answerOf } from '../merge.ts'
import { hasReceiptKeys, verifyRegion } from '../verify-regions.ts'
import { type LookUpOptions, missionAnswer } from './status.ts'

/** Where to look for a mission, and who merges its results. */
export interface CollectOptions extends LookUpOptions {
  /** Signs the order under which several results are merged on this machine; unused where there is one. */
  readonly sender: () => Promise<SigningKey>
}

/** A mission whose order has expired is given as long to say so. */
const GRACE_MS = 60_000

/**
 * What a mission came to; several results are merged on this machine, as an attached run's are. Whoever can write to
 * the agent bucket can write an answer there, so it is held against the order and, where the fleet file has the keys,
 * against the receipts.
 *
 * @throws UsageError `MISSION_UNKNOWN`, `MISSION_UNDER_WAY`
 * @throws RefusedError `EXPIRED` when its order did, and nobody brought an answer;
 *   `REPLY_MISMATCH`, `RECEIPT_MISMATCH` or another code of `verifyRegion` for an answer that was altered or is another's
 */
export async function collectAnswer(mission: string, options: CollectOptions): Promise<Answer> {
  const { fleet, clients, sender, now = Date.now } = options
  const { request, answer, agents } = await missionAnswer(mission, options)
  if (answer === undefined) throw noAnswer(mission, request.expiresAt, now())
  const order = requireAnswerTo(mission, request, answer)
  for (const region of answer.regions) verifyRegion(region, { fleet, order })
  await using client = startLazyClient({ fleet, clients, now }, { soon: false })
  return await answerOf({ ...answer, verified: hasReceiptKeys(fleet) }, async () => {
    const file = await bundleOfRequest(request, agents)
    if (digestOf(manifestPayload(readManifest(file))) !== order.manifest) throw mismatch(mission, 'bundle')
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

/** The order that an answer is to: its mission, and one agent for each region that the request names. */
function requireAnswerTo(mission: string, { order, starts }: MissionRequest, answer: MissionAnswer): OrderFacts {
  const facts = readOrder(order)
  if (facts.mission !== mission) throw mismatch(mission, 'order')
  if (answer.mission !== mission) throw mismatch(mission, 'mission')
  const regions = answer.regions.map(({ region }) => region)
  if (regions.length !== starts.length || regions.some((region, i) => region !== starts[i]))
    throw mismatch(mission, 'regions')
  return facts
}

const mismatch = (mission: string, what: string): RefusedError =>
  new RefusedError('REPLY_MISMATCH', `the stored answer is not that of mission ${mission} (${what})`)
