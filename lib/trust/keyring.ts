import type { KeyGrant, KeyPolicy } from './key-policy.ts'

/** A key policy, prepared for lookups. */
export interface Keyring {
  readonly fleet: string
  readonly version: number
  readonly expiresAt: number
  readonly threshold: number
  readonly denied: ReadonlySet<string>
  /** By key id, including revoked keys. A `Map`, because the ids come from unauthenticated documents. */
  readonly keys: ReadonlyMap<string, KeyGrant>
}

/** Makes a keyring from a policy that `verifyPolicy` has returned. */
export function createKeyring({ fleet, version, expiresAt, threshold, denied, keys }: KeyPolicy): Keyring {
  const byId = new Map(keys.map((grant) => [grant.keyId, grant]))
  return { fleet, version, expiresAt, threshold, denied: new Set(denied), keys: byId }
}
