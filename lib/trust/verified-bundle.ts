import type { Manifest } from '../bundle/manifest.ts'
import type { Limits } from '../limits.ts'
import type { Scope } from '../scope.ts'
import type { KeyGrant } from './key-policy.ts'
import type { Order } from './order.ts'

declare const verified: unique symbol

/**
 * A bundle that passed every check, with its rights. Only `verifyBundle` makes one, and the sandbox accepts nothing
 * else.
 */
export interface VerifiedBundle {
  readonly [verified]: true
  readonly manifest: Manifest
  /** SHA-256 of the manifest's payload, base64url: the bundle's identity. */
  readonly manifestDigest: string
  readonly order: Order
  /** The source text of the agent's module. */
  readonly main: string
  /** Inflated parts by entry name, `main` among them. */
  readonly parts: ReadonlyMap<string, Uint8Array>
  readonly authors: readonly KeyGrant[]
  readonly sender: KeyGrant
  /** The version of the key policy that admitted it. */
  readonly policy: number
  /** What this run may read: the scopes of the order, which the manifest and every signer's policy include. */
  readonly scopes: readonly Scope[]
  /** For each limit the smaller of manifest and order. */
  readonly limits: Limits
}
