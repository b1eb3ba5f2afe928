import { toBase64url } from '../encoding/base64url.ts'
import { UsageError } from '../errors.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import { MAX_LIMITS } from '../limits.ts'
import type { KeyGrant, KeyPolicy } from './key-policy.ts'
import { keyIdOf } from './keys.ts'

const YEAR_MS = 365 * 24 * 3_600_000

/** The options of a new grant. Everything that is not narrowed is as wide as the fleet allows. */
export type GrantOptions = Partial<Omit<KeyGrant, 'keyId' | 'publicKey' | 'status'>> & {
  readonly name: string
  readonly now: number
}

/** A grant for a key. By default it covers every region and all data of the fleet for a year. */
export function createGrant(publicKey: Uint8Array, fleet: string, { now, ...narrowed }: GrantOptions): KeyGrant {
  return {
    keyId: keyIdOf(publicKey),
    publicKey: toBase64url(publicKey),
    status: 'active',
    roles: ['author', 'sender'],
    notBefore: now,
    notAfter: now + YEAR_MS,
    fleets: [fleet],
    regions: ['*'],
    scopes: [{ bucket: '*', prefix: '', actions: ['read'] }],
    limits: MAX_LIMITS,
    compiles: true,
    ...narrowed,
  }
}

/** The first policy of a fleet: it trusts no key. */
export function createPolicy(fleet: string, now: number): KeyPolicy {
  return {
    lander: FORMAT_VERSION,
    fleet,
    version: 1,
    issuedAt: now,
    expiresAt: now + YEAR_MS,
    keys: [],
    threshold: 1,
    denied: [],
  }
}

/**
 * The next version of a policy, with `grant` for its key. It replaces an earlier grant of the same key.
 *
 * @throws UsageError `USAGE` for a revoked key: revocation is permanent
 */
export function withGrant(policy: KeyPolicy, grant: KeyGrant, now: number): KeyPolicy {
  if (policy.keys.some(({ keyId, status }) => keyId === grant.keyId && status === 'revoked')) {
    throw new UsageError('USAGE', `key ${grant.keyId} was revoked`, { remedy: 'make a new key with lander keygen' })
  }
  const others = policy.keys.filter(({ keyId }) => keyId !== grant.keyId)
  return renewed({ ...policy, keys: [...others, grant] }, now)
}

/**
 * The next version of a policy, with the key permanently revoked. `undefined` if the policy does not contain the key.
 */
export function withRevocation(policy: KeyPolicy, keyId: string, now: number): KeyPolicy | undefined {
  if (!policy.keys.some((key) => key.keyId === keyId)) return undefined
  const keys = policy.keys.map((key) => (key.keyId === keyId ? ({ ...key, status: 'revoked' } as const) : key))
  return renewed({ ...policy, keys }, now)
}

function renewed(policy: KeyPolicy, now: number): KeyPolicy {
  return { ...policy, version: policy.version + 1, issuedAt: now, expiresAt: now + YEAR_MS }
}
