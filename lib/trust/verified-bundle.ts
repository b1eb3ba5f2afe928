import type { Manifest } from '../bundle/manifest.ts'
import type { Limits } from '../limits.ts'
import type { Scope } from '../scope.ts'
import type { KeyGrant } from './key-policy.ts'
import type { Order } from './order.ts'

declare const verified: unique symbol

/** A bundle that passed every check, with what it may do. Only `verifyBundle` makes one; the sandbox takes nothing else. */
export interface VerifiedBundle {
  readonly [verified]: true
  readonly manifest: Manifest
  /** SHA-256 of the manifest's payload, base64url: the bundle's identity. */
  readonly manifestDigest: string
  readonly order: Order
  /** The agent's module, source text. */
  readonly main: string
  /** Inflated parts by entry name, `main` among them. */
  readonly parts: ReadonlyMap<string, Uint8Array>
  readonly authors: readonly KeyGrant[]
  readonly sender: KeyGrant
  /** Version of the key policy that let it in. */
  readonly policy: number
  /** What this run may read: manifest ∩ order, inside every signer's policy. */
  readonly scopes: readonly Scope[]
  /** Limit by limit the smaller of manifest and order. */
  readonly limits: Limits
}
