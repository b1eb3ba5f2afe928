/**
 * How a landing ended, as its region remembers it: the landing result, in a box for that very region. Whoever comes with
 * the order and asks for another attempt is answered with it; whoever reads the bucket learns nothing.
 */
import { ABI_VERSION } from '../bundle/manifest.ts'
import { RefusedError } from '../errors.ts'
import { MAX_LIMITS, NOTHING_SPENT } from '../limits.ts'
import { type AgentBucket, stateKey } from '../objects/agent-bucket.ts'
import type { Outcome } from '../sandbox/contract/outcome.ts'
import { MAX_STATE_BYTES, openState, readStateHeader, sealState } from '../trust/state/fleet-sealed.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import type { BranchProgress } from './branch-progress.ts'
import { storeState } from './departure.ts'
import type { LandingResult, SealedDeparture } from './landing-result.ts'
import type { SecretSource } from './secret-source.ts'
import type { StateRef } from './state-ref.ts'

type Step = LandingResult<Outcome | SealedDeparture>

/** Whose landing it is, and where. */
export interface Recorder {
  readonly bundle: VerifiedBundle
  readonly branchProgress: Pick<BranchProgress, 'branch' | 'sequence'>
  readonly secret: SecretSource
  readonly fleet: string
  readonly region: string
  readonly engine: string
  readonly agents: AgentBucket
  readonly now: () => number
}

/** Seals how a landing ended. */
export async function sealRecord(landingResult: Step, recorder: Recorder): Promise<StateRef> {
  const { secret, agents } = recorder
  const bytes = Buffer.from(JSON.stringify(landingResult))
  const state = { bytes, pages: 0, copy: null, spent: NOTHING_SPENT, receipt: null }
  const { expiresAt } = recorder.bundle.order
  return storeState(sealState({ ...contextOf(recorder), expiresAt }, state, { secret: await secret.current() }), agents)
}

/**
 * Opens what {@link sealRecord} made of this very landing.
 *
 * @throws RefusedError `STATE_NOT_FOUND`, `STATE_MISMATCH`, or any other that openState names
 */
export async function openRecord(record: StateRef, recorder: Recorder): Promise<Step> {
  const { secret, agents, branchProgress, now } = recorder
  const bytes = 'inline' in record ? Buffer.from(record.inline, 'base64url') : await fetchRecord(record.sha256, agents)
  const { epoch } = readStateHeader(bytes)
  const expected = contextOf(recorder)
  const { header, state } = openState(bytes, {
    secret: await secret.withEpoch(epoch),
    expected,
    limits: MAX_LIMITS,
    now: now(),
  })
  if (header.branch !== branchProgress.branch || header.sequence !== branchProgress.sequence)
    throw new RefusedError('STATE_MISMATCH', 'the record is of another landing')
  return JSON.parse(Buffer.from(state.bytes).toString('utf8')) as Step
}

function contextOf({ bundle, branchProgress, fleet, region, engine }: Recorder) {
  return {
    fleet,
    mission: bundle.order.mission,
    manifest: bundle.manifestDigest,
    branch: branchProgress.branch,
    kind: 'record' as const,
    sequence: branchProgress.sequence,
    from: region,
    to: region,
    engine,
    abi: ABI_VERSION,
  }
}

async function fetchRecord(sha256: string, agents: AgentBucket): Promise<Uint8Array> {
  const bytes = await agents.get(stateKey(sha256), MAX_STATE_BYTES)
  if (bytes !== undefined) return bytes
  throw new RefusedError('STATE_NOT_FOUND', 'how this landing ended is not kept any more')
}
