import type { Limits } from '../limits.ts'
import type { Scope } from '../scope.ts'

/** The payload type an envelope binds to an order. */
export const ORDER_TYPE = 'application/vnd.lander.order.v1+json'

/** What the sender signs, once per mission. */
export interface Order {
  readonly lander: 1
  /** 16 random bytes, base64url. */
  readonly mission: string
  /** 16 random bytes, base64url. */
  readonly nonce: string
  /** SHA-256 of the statement's payload, base64url. */
  readonly statement: string
  /** SHA-256 of the input's UTF-8 bytes, base64url. */
  readonly input: string
  readonly fleet: string
  /** Where this mission may run. */
  readonly regions: readonly string[]
  /** Equal to the statement's or tighter. */
  readonly scopes: readonly Scope[]
  readonly limits: Limits
  readonly issuedAt: number
  readonly expiresAt: number
}
