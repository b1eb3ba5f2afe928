/** An agent leaves: what the sandbox froze is sealed, each box for one place. */
import { ABI_VERSION } from '../bundle/manifest.ts'
import { digestOf } from '../encoding/digest.ts'
import { InternalError } from '../errors.ts'
import { addSpent, type Limits, NOTHING_SPENT } from '../limits.ts'
import { type AgentBucket, stateKey } from '../objects/agent-bucket.ts'
import type { JobResult } from '../sandbox/contract/job.ts'
import type { Departure, Usage } from '../sandbox/contract/outcome.ts'
import { destinationsOf } from '../sandbox/parent/run.ts'
import type { FleetSecret } from '../trust/fleet-secret.ts'
import { type StateHeader, sealState, type TravellingState } from '../trust/state/fleet-sealed.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import { copyBranch, type Stage } from './arrival.ts'
import { type Crossing, isCrossing } from './boundary-codec.ts'
import { MAX_INLINE_BOX_BYTES, type Parcel, type SealedDeparture } from './protocol.ts'

/** Bytes of boxes that go along with one reply: Lambda buffers 6 MB, and base64 takes a third more. */
const REPLY_BOX_BYTES = 3 * 1024 * 1024

/** Where something leaves, and as what. */
export interface Sender {
  readonly bundle: VerifiedBundle
  readonly stage: Stage
  /** Digest of this landing's receipt. */
  readonly receipt: string | null
  readonly result: JobResult
  readonly secret: FleetSecret
  readonly crossing?: Crossing | undefined
  /** Where an agent that was asked to leave goes on. @default here */
  readonly leaveFor?: (() => string | undefined) | undefined
  readonly fleet: string
  readonly region: string
  readonly engine: string
  readonly agents: AgentBucket
}

/** Seals an agent, and its copies, for the places they go to. */
export async function sealDeparture({ journey, state }: Departure, sender: Sender): Promise<SealedDeparture> {
  const { stage, region } = sender
  const stays = journey.kind === 'stay' ? (sender.leaveFor?.() ?? region) : region
  const to = journey.kind === 'hop' ? journey.to : stays
  const copiesTo = journey.kind === 'scatter' ? journey.to : []
  const own = stage.origin === undefined ? null : { call: null, origin: stage.origin }
  const spent = spentAfter(stage.spent, sender.result.usage, destinationsOf(journey).length)
  const inlineBytes = Math.min(MAX_INLINE_BOX_BYTES, Math.floor(REPLY_BOX_BYTES / (1 + copiesTo.length)))
  const agent = await seal(sender, { to }, { bytes: state, copy: own, spent }, inlineBytes)
  const copies = await Promise.all(
    copiesTo.map((place, call) => {
      const branch = copyBranch(stage.branch, stage.sequence, call)
      return seal(sender, { to: place, branch }, { bytes: state, copy: { call, origin: region }, spent }, inlineBytes)
    }),
  )
  const waits = journey.kind === 'stay' && journey.waits === true
  return { kind: 'departed', agent: waits ? { ...agent, waits } : agent, copies }
}

/** Seals how a copy's run ended, for the agent that sent it. */
export async function sealAnswer(origin: string, sender: Sender): Promise<SealedDeparture> {
  const bytes = Buffer.from(JSON.stringify(sender.result.outcome))
  const spent = spentAfter(sender.stage.spent, sender.result.usage, 0)
  const answer = await seal(sender, { to: origin, kind: 'answer' }, { bytes, copy: null, spent })
  return { kind: 'departed', answer }
}

async function seal(
  sender: Sender,
  context: Pick<StateHeader, 'to'> & Partial<StateHeader>,
  state: Pick<TravellingState, 'bytes' | 'copy' | 'spent'>,
  inlineBytes: number = MAX_INLINE_BOX_BYTES,
): Promise<Parcel> {
  const { bundle, stage, receipt, result, secret, crossing, fleet, region, engine, agents } = sender
  const { order, statementDigest } = bundle
  const header = {
    fleet,
    mission: order.mission,
    statement: statementDigest,
    branch: stage.branch,
    kind: 'agent' as const,
    sequence: stage.sequence + 1,
    from: region,
    engine,
    abi: ABI_VERSION,
    expiresAt: order.expiresAt,
    ...context,
  }
  const travelling = { ...state, pages: result.usage.memoryPages, receipt }
  const crosses = isCrossing(order, region, header.to)
  if (crosses && crossing === undefined) throw new InternalError(`${region} can not seal what goes to ${header.to}`)
  const box = crosses ? await crossing!.seal(header, travelling, bundle) : sealState(header, travelling, { secret })
  const { to, sequence, branch } = header
  return { to, sequence, branch, bytes: box.length, box: await hand(box, agents, inlineBytes) }
}

/** A small box stands for itself; a large one waits in this region's agent bucket. */
export async function hand(
  box: Uint8Array,
  agents: AgentBucket,
  inlineBytes: number = MAX_INLINE_BOX_BYTES,
): Promise<Parcel['box']> {
  if (box.length <= inlineBytes) return { inline: Buffer.from(box).toString('base64url') }
  const sha256 = digestOf(box)
  await agents.put(stateKey(sha256), box)
  return { sha256 }
}

/** What the mission has used after a landing. */
export function spentAfter(before: Limits, usage: Usage, hops: number): Limits {
  const { wallMs, hostCalls, bytesRead, logBytes } = usage
  return addSpent(before, { ...NOTHING_SPENT, wallMs, hostCalls, readBytes: bytesRead, logBytes, hops })
}
