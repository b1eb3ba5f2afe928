/**
 * The record of how a landing ended: the landing result, sealed for the region itself. A later attempt at the same
 * landing gets it as its answer. It is encrypted, so readers of the bucket learn nothing from it.
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

type EndedLanding = LandingResult<Outcome | SealedDeparture>

/** The landing that a record is for. */
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

/** Seals the result of a landing. */
export async function sealRecord(landingResult: EndedLanding, recorder: Recorder): Promise<StateRef> {
  const { secret, agents } = recorder
  const bytes = Buffer.from(JSON.stringify(landingResult))
  const state = { bytes, pages: 0, copy: null, spent: NOTHING_SPENT, receipt: null }
  const { expiresAt } = recorder.bundle.order
  return storeState(sealState({ ...contextOf(recorder), expiresAt }, state, { secret: await secret.current() }), agents)
}

/**
 * Opens the record that {@link sealRecord} made for this landing.
 *
 * @throws RefusedError `STATE_NOT_FOUND`, `STATE_MISMATCH`, or another code of `openState`
 */
export async function openRecord(record: StateRef, recorder: Recorder): Promise<EndedLanding> {
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
    throw new RefusedError('STATE_MISMATCH', 'the record is for another landing')
  return JSON.parse(Buffer.from(state.bytes).toString('utf8')) as EndedLanding
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
  throw new RefusedError('STATE_NOT_FOUND', 'the record of this landing has been deleted')
}
