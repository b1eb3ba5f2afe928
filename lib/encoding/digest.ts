import { sha256 as portableSha256 } from '@noble/hashes/sha2.js'
import { toBase64url } from './base64url.ts'

// Node hashes 5 MB in 3 ms. Browsers have no synchronous SHA-256, so they use the portable one. The import is dynamic,
// because a static import of node:crypto would keep this module out of browsers.
const nodeCrypto = globalThis.process?.getBuiltinModule?.('node:crypto')

/** The SHA-256 of bytes: 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nodeCrypto ? new Uint8Array(nodeCrypto.createHash('sha256').update(bytes).digest()) : portableSha256(bytes)
}

/** The SHA-256 of bytes as Lander's documents write it: 43 characters of base64url. */
export function digestOf(bytes: Uint8Array): string {
  return toBase64url(sha256(bytes))
}
