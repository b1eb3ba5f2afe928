import type { FORMAT_VERSION } from '../format-version.ts'
import type { Limits } from '../limits.ts'
import type { Scope } from '../scope.ts'

/** What one key may do. Absent means denied. */

export interface KeyGrant {
  readonly keyId: string
  /** Ed25519 public key, 32 bytes, base64url. */
  readonly publicKey: string
  readonly name: string
  readonly status: 'active' | 'revoked'
  readonly roles: readonly ('author' | 'sender')[]
  readonly notBefore: number
  readonly notAfter: number
  /** `'*'` stands for any, in fleets and regions alike. */
  readonly fleets: readonly string[]
  readonly regions: readonly string[]
  /** A scope with bucket `'*'` and prefix `''` grants every object the function itself can read. */
  readonly scopes: readonly Scope[]
  readonly limits: Limits
  readonly compiles: boolean
  /** Whether state of its agents may leave the regions for the sender's own places. @default false */
  readonly exportState?: boolean | undefined
}
/** Whom a fleet trusts, signed by its root key. */

export interface KeyPolicy {
  readonly lander: typeof FORMAT_VERSION
  readonly fleet: string
  /** Grows with every publication; a function never goes back. */
  readonly version: number
  readonly issuedAt: number
  readonly expiresAt: number
  readonly keys: readonly KeyGrant[]
  /** How many distinct keys must have signed a manifest. */
  readonly threshold: number
  /** SHA-256 of manifests that may never run again, base64url. */
  readonly denied: readonly string[]
}
