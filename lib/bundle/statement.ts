import type { Limits } from '../limits.ts'
import type { Scope } from '../scope.ts'

/** The payload type an envelope binds to a statement. */
export const STATEMENT_TYPE = 'application/vnd.lander.statement.v1+json'

/** One part of a bundle. `main` is the agent's module; `kernel` roles come with hot code. */
export interface Entry {
  readonly name: string
  readonly role: 'main' | 'kernel-wasm' | 'kernel-source'
  /** Bytes after inflation, exactly. */
  readonly bytes: number
  /** Bytes as stored in the file. */
  readonly stored: number
  /** SHA-256 of the stored bytes, base64url. */
  readonly sha256: string
}

/** What the author signs, once per bundle. */
export interface Statement {
  readonly lander: 1
  /** Name for people: the source file's, without folders. */
  readonly name: string
  /** SHA-256 of the engine's binary, base64url. */
  readonly engine: string
  /** Version of the contract between guest and host. */
  readonly abi: number
  readonly entries: readonly Entry[]
  readonly scopes: readonly Scope[]
  readonly limits: Limits
  /** Whether the agent may compile new code while it runs. */
  readonly compiles: boolean
  readonly audience: { readonly fleet: string; readonly regions: readonly string[] }
  /** Milliseconds since 1970, as are all times. */
  readonly issuedAt: number
  readonly notBefore: number
  readonly expiresAt: number
}
