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
  /** `'*'` stands for any fleet; the same holds for regions. */
  readonly fleets: readonly string[]
  readonly regions: readonly string[]
  /** A scope with bucket `'*'` and prefix `''` grants every object that the function's role can read. */
  readonly scopes: readonly Scope[]
  readonly limits: Limits
  readonly compiles: boolean
  /** Whether the state of its agents may leave the regions for client places. @default false */
  readonly exportState?: boolean | undefined
}

/** The keys that a fleet trusts, signed by its root key. */
export interface KeyPolicy {
  readonly lander: typeof FORMAT_VERSION
  readonly fleet: string
  /** Grows with every publication. A function refuses a policy older than one it has seen. */
  readonly version: number
  readonly issuedAt: number
  readonly expiresAt: number
  readonly keys: readonly KeyGrant[]
  /** How many distinct keys must sign a manifest. */
  readonly threshold: number
  /** SHA-256 of the manifests that may no longer run, base64url. */
  readonly denied: readonly string[]
}
