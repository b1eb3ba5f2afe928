import type { KeyGrant, KeyPolicy } from './key-policy.ts'

/** A key policy, ready to look keys up in. */
export interface Keyring {
  readonly fleet: string
  readonly version: number
  readonly expiresAt: number
  readonly threshold: number
  readonly denied: ReadonlySet<string>
  /** By key id, the revoked among them. A `Map`, because names come from strangers. */
  readonly keys: ReadonlyMap<string, KeyGrant>
}

/** Makes a keyring of a policy that `verifyPolicy` returned. */
export function createKeyring({ fleet, version, expiresAt, threshold, denied, keys }: KeyPolicy): Keyring {
  const byId = new Map(keys.map((grant) => [grant.keyId, grant]))
  return { fleet, version, expiresAt, threshold, denied: new Set(denied), keys: byId }
}
