import { ABI_VERSION } from '../bundle/manifest.ts'
import { RefusedError } from '../errors.ts'
import { type AgentBucket, bundleKey } from '../objects/agent-bucket.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import { verifyBundle } from '../trust/verify-bundle.ts'
import type { Invocation } from './invocation.ts'
import type { PolicySource } from './policy-source.ts'

/** What a place checks an invocation against. */
export interface Admission {
  readonly fleet: string
  readonly region: string
  /** Whether this is a client place, which belongs to no fleet. @default false */
  readonly isClientPlace?: boolean
  /** SHA-256 of the engine's binary, base64url. */
  readonly engine: string
  readonly agents: AgentBucket
  readonly policy: PolicySource
  readonly now: () => number
}

/** The largest signed bundle a place fetches from its agent bucket. */
const MAX_BUNDLE_BYTES = 8 * 1024 * 1024

/**
 * Fetches the bundle of an invocation and verifies it. The caller must still claim the landing.
 *
 * @throws RefusedError with the code of the first check that failed
 */
export async function admit(invocation: Invocation, place: Admission): Promise<VerifiedBundle> {
  const { fleet, region, isClientPlace = false, engine, now } = place
  const keyring = await place.policy.current()
  const file = await bundleBytes(invocation, place.agents)
  const { order, input } = invocation
  return verifyBundle({
    file,
    order,
    input,
    keyring,
    engine,
    abi: ABI_VERSION,
    fleet,
    region,
    isClientPlace,
    now: now(),
  })
}

async function bundleBytes({ bundle }: Invocation, agents: AgentBucket): Promise<Uint8Array> {
  if ('inline' in bundle) return Buffer.from(bundle.inline, 'base64url')
  const bytes = await agents.get(bundleKey(bundle.sha256), MAX_BUNDLE_BYTES)
  if (bytes !== undefined) return bytes
  throw new RefusedError('BUNDLE_NOT_FOUND', `there is no bundle ${bundle.sha256} in this region`, {
    remedy: 'upload it first: lander run does',
  })
}
