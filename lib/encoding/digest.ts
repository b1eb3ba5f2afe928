import { sha256 as portableSha256 } from '@noble/hashes/sha2.js'
import { toBase64url } from './base64url.ts'

// Node's SHA-256 does 5 MB in 3 ms. A browser has no synchronous one, and a static import of node:crypto would keep
// everything that takes a digest out of it.
const nodeCrypto = globalThis.process?.getBuiltinModule?.('node:crypto')

/** SHA-256, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nodeCrypto ? new Uint8Array(nodeCrypto.createHash('sha256').update(bytes).digest()) : portableSha256(bytes)
}

/** SHA-256 as Lander writes it in documents: base64url, 43 characters. */
export function digestOf(bytes: Uint8Array): string {
  return toBase64url(sha256(bytes))
}
