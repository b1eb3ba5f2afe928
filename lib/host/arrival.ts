/** Opens the sealed state of an agent that lands, and the sealed answers of its copies. */
import { ABI_VERSION } from '../bundle/manifest.ts'
import { RefusedError } from '../errors.ts'
import { addSpent, type Limits } from '../limits.ts'
import { type AgentBucket, stateKey } from '../objects/agent-bucket.ts'
import type { CopyAnswer, Outcome } from '../sandbox/contract/outcome.ts'
import {
  MAX_STATE_BYTES,
  type OpenedState,
  openState,
  readStateHeader,
  type StateHeader,
} from '../trust/state/fleet-sealed.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import type { Admission } from './admit.ts'
import { type BoundaryCodec, hasCrossedBoundary } from './boundary-codec.ts'
import type { BranchProgress } from './branch-progress.ts'
import type { CopyReturn, Invocation } from './invocation.ts'
import type { SecretSource } from './secret-source.ts'
import type { StateRef } from './state-ref.ts'

/** An agent from another place, ready to resume. */
export interface Arrived {
  readonly branchProgress: BranchProgress
  readonly from: string
  readonly state: Uint8Array
  /** For a copy that has not started: which of the agent's calls it runs. */
  readonly copy?: number
  readonly answers?: readonly CopyAnswer[]
}

/** What opening a sealed state needs. */
export interface ArrivalContext extends Pick<Admission, 'fleet' | 'region' | 'engine' | 'agents' | 'now'> {
  readonly bundle: VerifiedBundle
  readonly secret: SecretSource
  readonly codec?: BoundaryCodec
}

/**
 * Opens the sealed state of an agent, and the sealed answers of its copies.
 *
 * @throws RefusedError with the code of the first check that failed
 */
export async function openArrival(
  { state, answers = [] }: Pick<Invocation, 'state' | 'answers'>,
  gate: ArrivalContext,
): Promise<Arrived> {
  if (state === undefined) throw new RefusedError('REQUEST_MALFORMED', 'the invocation has no state to resume')
  const opened = await open(state, 'agent', gate)
  const returned = await Promise.all(answers.map((answer) => openReturn(answer, gate)))
  for (const [index, answer] of returned.entries()) requireAnswerOf(answer, opened.header, index)
  const { header, state: agent } = opened
  return {
    from: header.from,
    state: agent.bytes,
    branchProgress: branchProgressOf(opened, returned),
    ...(agent.copy?.call != null && { copy: agent.copy.call }),
    ...(returned.length > 0 && { answers: returned.map(answerOf) }),
  }
}

type Returned = OpenedState | Extract<CopyAnswer, { kind: 'lost' }>

async function openReturn(answer: CopyReturn, gate: ArrivalContext): Promise<Returned> {
  return 'lost' in answer ? { kind: 'lost', reason: answer.lost } : open(answer, 'answer', gate)
}

/** The epoch comes from the unauthenticated header; decryption fails if it is wrong. */
async function open(ref: StateRef, kind: StateHeader['kind'], gate: ArrivalContext): Promise<OpenedState> {
  const { bundle, secret, codec, fleet, region, engine, agents, now } = gate
  const bytes = await stateBytes(ref, agents)
  const { mission } = bundle.order
  const expected = { fleet, mission, manifest: bundle.manifestDigest, kind, to: region, engine, abi: ABI_VERSION }
  const checks = { expected, limits: bundle.limits, now: now() }
  if (codec !== undefined && hasCrossedBoundary(bytes)) return codec.open(bytes, checks, bundle)
  const { epoch } = readStateHeader(bytes)
  return openState(bytes, { ...checks, secret: await secret.withEpoch(epoch) })
}

async function stateBytes(ref: StateRef, agents: AgentBucket): Promise<Uint8Array> {
  if ('inline' in ref) return Buffer.from(ref.inline, 'base64url')
  const bytes = await agents.get(stateKey(ref.sha256), MAX_STATE_BYTES)
  if (bytes !== undefined) return bytes
  throw new RefusedError('STATE_NOT_FOUND', `there is no state ${ref.sha256} in this region`, {
    remedy: 'transfer it here first: lander run does',
  })
}

/** Checks that an answer comes from the copy that the agent sent with this number. */
function requireAnswerOf(answer: Returned, { branch, sequence }: StateHeader, index: number): void {
  if ('header' in answer && answer.header.branch !== copyBranch(branch, sequence - 1, index))
    throw new RefusedError('STATE_MISMATCH', 'an answer comes from another copy')
}

/** The branch of a copy: the branch and landing of the agent that sends it, and the number of the copy. */
export function copyBranch(branch: string, sequence: number, index: number): string {
  return `${branch}/${sequence}.${index}`
}

/** Copies run side by side: their usage adds up, but for time only the slowest counts. */
function branchProgressOf({ header, state }: OpenedState, returned: readonly Returned[]): BranchProgress {
  const { branch, sequence } = header
  const used = returned.flatMap((answer) => ('header' in answer ? [difference(answer.state.spent, state.spent)] : []))
  const wallMs = state.spent.wallMs + Math.max(0, ...used.map((copy) => copy.wallMs))
  const spent = { ...used.reduce(addSpent, state.spent), wallMs }
  return { branch, sequence, spent, receipt: state.receipt, ...(state.copy && { origin: state.copy.origin }) }
}

function difference(after: Limits, before: Limits): Limits {
  const names = Object.keys(after) as (keyof Limits)[]
  return Object.fromEntries(names.map((name) => [name, Math.max(0, after[name] - before[name])])) as unknown as Limits
}

function answerOf(answer: Returned): CopyAnswer {
  return 'header' in answer ? (JSON.parse(Buffer.from(answer.state.bytes).toString('utf8')) as Outcome) : answer
}
