/** Seals the state of an agent that leaves, once for each place that it or a copy goes to. */
import { ABI_VERSION } from '../bundle/manifest.ts'
import { digestOf } from '../encoding/digest.ts'
import { InternalError } from '../errors.ts'
import { addSpent, type Limits, NOTHING_SPENT } from '../limits.ts'
import { type AgentBucket, stateKey } from '../objects/agent-bucket.ts'
import type { JobResult } from '../sandbox/contract/job.ts'
import { type Departure, destinationsOf, type Usage } from '../sandbox/contract/outcome.ts'
import type { FleetSecret } from '../trust/fleet-secret.ts'
import { type StateHeader, sealState, type TravellingState } from '../trust/state/fleet-sealed.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import { copyBranch } from './arrival.ts'
import { type BoundaryCodec, crossesBoundary } from './boundary-codec.ts'
import type { BranchProgress } from './branch-progress.ts'
import type { SealedDeparture, SealedState } from './landing-result.ts'
import { MAX_INLINE_STATE_BYTES } from './state-ref.ts'

/** The most bytes of state in one reply: Lambda buffers 6 MB, and base64 makes them a third larger. */
const REPLY_STATE_BYTES = 3 * 1024 * 1024

/** The landing that an agent or an answer leaves. */
export interface DepartureContext {
  readonly bundle: VerifiedBundle
  readonly branchProgress: BranchProgress
  /** The digest of this landing's receipt. */
  readonly receipt: string | null
  readonly result: JobResult
  readonly secret: FleetSecret
  readonly codec?: BoundaryCodec | undefined
  /** Where an evicted agent continues. @default here */
  readonly moveTo?: (() => string | undefined) | undefined
  readonly fleet: string
  readonly region: string
  readonly engine: string
  readonly agents: AgentBucket
}

/** Seals an agent and its copies for the places that they go to. */
export async function sealDeparture(
  { destination, state }: Departure,
  sender: DepartureContext,
): Promise<SealedDeparture> {
  const { branchProgress, region } = sender
  const stays = destination.kind === 'stay' ? (sender.moveTo?.() ?? region) : region
  const to = destination.kind === 'hop' ? destination.to : stays
  const copiesTo = destination.kind === 'scatter' ? destination.to : []
  const copyOf = branchProgress.origin === undefined ? null : { call: null, origin: branchProgress.origin }
  const spent = spentAfter(branchProgress.spent, sender.result.usage, destinationsOf(destination).length)
  const inlineBytes = Math.min(MAX_INLINE_STATE_BYTES, Math.floor(REPLY_STATE_BYTES / (1 + copiesTo.length)))
  const agent = await seal(sender, { to }, { bytes: state, copy: copyOf, spent }, inlineBytes)
  const copies = await Promise.all(
    copiesTo.map((place, call) => {
      const branch = copyBranch(branchProgress.branch, branchProgress.sequence, call)
      return seal(sender, { to: place, branch }, { bytes: state, copy: { call, origin: region }, spent }, inlineBytes)
    }),
  )
  const waits = destination.kind === 'stay' && destination.waits === true
  return { kind: 'departed', agent: waits ? { ...agent, waits } : agent, copies }
}

/** Seals the outcome of a copy for the agent that sent it. */
export async function sealAnswer(origin: string, sender: DepartureContext): Promise<SealedDeparture> {
  const bytes = Buffer.from(JSON.stringify(sender.result.outcome))
  const spent = spentAfter(sender.branchProgress.spent, sender.result.usage, 0)
  const answer = await seal(sender, { to: origin, kind: 'answer' }, { bytes, copy: null, spent })
  return { kind: 'departed', answer }
}

async function seal(
  sender: DepartureContext,
  context: Pick<StateHeader, 'to'> & Partial<StateHeader>,
  state: Pick<TravellingState, 'bytes' | 'copy' | 'spent'>,
  inlineBytes: number = MAX_INLINE_STATE_BYTES,
): Promise<SealedState> {
  const { bundle, branchProgress, receipt, result, secret, codec, fleet, region, engine, agents } = sender
  const { order, manifestDigest } = bundle
  const header = {
    fleet,
    mission: order.mission,
    manifest: manifestDigest,
    branch: branchProgress.branch,
    kind: 'agent' as const,
    sequence: branchProgress.sequence + 1,
    from: region,
    engine,
    abi: ABI_VERSION,
    expiresAt: order.expiresAt,
    ...context,
  }
  const travelling = { ...state, pages: result.usage.memoryPages, receipt }
  const crosses = crossesBoundary(order, region, header.to)
  if (crosses && codec === undefined) throw new InternalError(`${region} can not seal a state for ${header.to}`)
  const sealed = crosses ? await codec!.seal(header, travelling, bundle) : sealState(header, travelling, { secret })
  const { to, sequence, branch } = header
  return { to, sequence, branch, bytes: sealed.length, ref: await storeState(sealed, agents, inlineBytes) }
}

/** Puts a large state into this region's agent bucket. A small one stays inline. */
export async function storeState(
  sealed: Uint8Array,
  agents: AgentBucket,
  inlineBytes: number = MAX_INLINE_STATE_BYTES,
): Promise<SealedState['ref']> {
  if (sealed.length <= inlineBytes) return { inline: Buffer.from(sealed).toString('base64url') }
  const sha256 = digestOf(sealed)
  await agents.put(stateKey(sha256), sealed)
  return { sha256 }
}

/** What the mission has used of its limits after a landing. */
export function spentAfter(before: Limits, usage: Usage, hops: number): Limits {
  const { wallMs, hostCalls, bytesRead, logBytes } = usage
  return addSpent(before, { ...NOTHING_SPENT, wallMs, hostCalls, readBytes: bytesRead, logBytes, hops })
}
