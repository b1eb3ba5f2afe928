/** An agent that is on its way lands: its box is opened, and with it what its copies answered. */
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

/** An agent from elsewhere, ready to go on. */
export interface Arrived {
  readonly branchProgress: BranchProgress
  readonly from: string
  readonly state: Uint8Array
  /** A copy that has just been sent: which of the calls is its own. */
  readonly copy?: number
  readonly answers?: readonly CopyAnswer[]
}

/** What opening boxes takes. */
export interface ArrivalContext extends Pick<Admission, 'fleet' | 'region' | 'engine' | 'agents' | 'now'> {
  readonly bundle: VerifiedBundle
  readonly secret: SecretSource
  readonly codec?: BoundaryCodec
}

/**
 * Opens the box of an agent that is on its way, and the boxes with its copies' answers.
 *
 * @throws RefusedError with the code of the first check that failed
 */
export async function openArrival(
  { state, answers = [] }: Pick<Invocation, 'state' | 'answers'>,
  gate: ArrivalContext,
): Promise<Arrived> {
  if (state === undefined) throw new RefusedError('REQUEST_MALFORMED', 'there is no state to go on with')
  const opened = await open(state, 'agent', gate)
  const returned = await Promise.all(answers.map((answer) => openReturn(answer, gate)))
  for (const [index, answer] of returned.entries()) requireOwn(answer, opened.header, index)
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

/** The epoch is looked up by the box's own word; whether it is true, its seal tells. */
async function open(stateRef: StateRef, kind: StateHeader['kind'], gate: ArrivalContext): Promise<OpenedState> {
  const { bundle, secret, codec, fleet, region, engine, agents, now } = gate
  const bytes = await stateBytes(stateRef, agents)
  const { mission } = bundle.order
  const expected = { fleet, mission, manifest: bundle.manifestDigest, kind, to: region, engine, abi: ABI_VERSION }
  const checks = { expected, limits: bundle.limits, now: now() }
  if (codec !== undefined && hasCrossedBoundary(bytes)) return codec.open(bytes, checks, bundle)
  const { epoch } = readStateHeader(bytes)
  return openState(bytes, { ...checks, secret: await secret.withEpoch(epoch) })
}

async function stateBytes(stateRef: StateRef, agents: AgentBucket): Promise<Uint8Array> {
  if ('inline' in stateRef) return Buffer.from(stateRef.inline, 'base64url')
  const bytes = await agents.get(stateKey(stateRef.sha256), MAX_STATE_BYTES)
  if (bytes !== undefined) return bytes
  throw new RefusedError('STATE_NOT_FOUND', `no state ${stateRef.sha256} waits in this region`, {
    remedy: 'carry it here first: lander run does',
  })
}

/** An answer is for the very call that this agent waits for, and in its place. */
function requireOwn(answer: Returned, { branch, sequence }: StateHeader, index: number): void {
  if ('header' in answer && answer.header.branch !== copyBranch(branch, sequence - 1, index))
    throw new RefusedError('STATE_MISMATCH', 'an answer is of another copy')
}

/** The branch of a copy: that of the agent that sends it, its landing, and the copy's number. */
export function copyBranch(branch: string, sequence: number, index: number): string {
  return `${branch}/${sequence}.${index}`
}

/** Copies work side by side: what they used adds up, but their time is that of the slowest. */
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
