import type { KeyObject } from 'node:crypto'
import nacl from 'tweetnacl'
import { concatBytes } from '../encoding/bytes.ts'
import { SEED_BYTES, type SigningKey } from './keys.ts'

const nodeCrypto = globalThis.process?.getBuiltinModule?.('node:crypto')

/**
 * The Ed25519 signature of a message, 64 bytes. In Node, node:crypto signs in 0.1 ms. In browsers, tweetnacl signs in 4
 * ms. Both return the same bytes, since Ed25519 is deterministic (RFC 8032 §5.1.6).
 */
export function signDetached(message: Uint8Array, key: SigningKey): Uint8Array {
  if (!nodeCrypto) return nacl.sign.detached(message, key.secretKey)
  return new Uint8Array(nodeCrypto.sign(null, message, keyObjectOf(key, nodeCrypto)))
}

// RFC 8410 §7: the PrivateKeyInfo of an Ed25519 key is this prefix followed by the seed.
const PKCS8_PREFIX = Uint8Array.from('302e020100300506032b657004220420'.match(/../g)!, (pair) =>
  Number.parseInt(pair, 16),
)

/** Imported keys, cached: importing a key takes eight times as long as signing with it. */
const imported = new WeakMap<SigningKey, KeyObject>()

function keyObjectOf(key: SigningKey, { createPrivateKey }: typeof import('node:crypto')): KeyObject {
  const known = imported.get(key)
  if (known) return known
  const der = Buffer.from(concatBytes(PKCS8_PREFIX, key.secretKey.subarray(0, SEED_BYTES)))
  const made = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  imported.set(key, made)
  return made
}
