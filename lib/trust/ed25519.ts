import { ed25519 } from '@noble/curves/ed25519.js'
import nacl from 'tweetnacl'
import { concatBytes } from '../encoding/bytes.ts'
import { digestOf } from '../encoding/digest.ts'
import { RefusedError } from '../errors.ts'
import { RecentSet } from './recent-set.ts'

/**
 * Ed25519, stricter than RFC 8032 asks and than either library is, so that one signature has one verdict everywhere.
 * Libraries differ on S ≥ L, on encodings with y ≥ p, and on points of small and of mixed order ("Taming the many EdDSAs",
 * Chalkias, Garillot, Nikolaenko, 2020). A key or a signature with one of these is refused here, before a library verifies.
 */

export const SIGNATURE_BYTES = 64

declare const admitted: unique symbol

/** A public key that {@link admitKey} let in. */
export type AdmittedKey = Uint8Array & { readonly [admitted]: true }

const { Point } = ed25519

const nodeCrypto = globalThis.process?.getBuiltinModule?.('node:crypto')

const admittedKeys = new RecentSet(256)
const verifiedSignatures = new RecentSet(256)

/**
 * Lets a public key in: 32 bytes, canonical, of the prime-order group and not its identity. A weak key matters more
 * than a weak signature: under the identity one signature verifies every message, in every library.
 *
 * About 1 ms the first time, then remembered.
 *
 * @throws RefusedError `KEY_INVALID`
 */
export function admitKey(publicKey: Uint8Array): AdmittedKey {
  const key = Uint8Array.from(publicKey)
  if (!isAdmissible(key)) throw new RefusedError('KEY_INVALID', 'the public key is not admissible')
  return key as AdmittedKey
}

function isAdmissible(key: Uint8Array): boolean {
  const name = digestOf(key)
  if (admittedKeys.has(name)) return true
  if (!isStrictKey(key)) return false
  admittedKeys.add(name)
  return true
}

// Noble's decoders throw where RFC 8032 §5.1.3 and §5.1.7 have decoding fail: not 32 bytes, y ≥ p, y off the curve,
// the second encodings of the two points with x = 0, and S ≥ L.

function isStrictKey(key: Uint8Array): boolean {
  try {
    const point = Point.fromBytes(key)
    // The identity is free of torsion, too.
    return !point.isSmallOrder() && point.isTorsionFree()
  } catch {
    return false
  }
}

function isStrictSignature(signature: Uint8Array): boolean {
  try {
    Point.Fn.fromBytes(signature.subarray(32))
    return !Point.fromBytes(signature.subarray(0, 32)).isSmallOrder()
  } catch {
    return false
  }
}

/**
 * Whether `signature` over `message` is the key's. Never throws. tweetnacl and, where there is one, node:crypto must
 * both accept it: a fault in one library alone lets nothing in. node:crypto goes first, because it takes 0.1 ms where
 * tweetnacl takes 4 ms. Noble's `verify` can't stand in for either: it checks the cofactored equation, and would accept
 * signatures with an R of mixed order, which these two refuse.
 *
 * A verdict depends on the three byte strings alone, so the latest good ones are remembered.
 */
export function verifyStrict(signature: Uint8Array, message: Uint8Array, key: AdmittedKey): boolean {
  // With lengths that vary, a byte could move from signature to message, and the name below would stay the same.
  if (signature.length !== SIGNATURE_BYTES) return false
  const name = digestOf(concatBytes(key, signature, message))
  if (verifiedSignatures.has(name)) return true
  if (!isStrictSignature(signature) || !bothVerify(signature, message, key)) return false
  verifiedSignatures.add(name)
  return true
}

function bothVerify(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  try {
    return nodeVerifies(signature, message, key) && nacl.sign.detached.verify(message, signature, key)
  } catch {
    return false
  }
}

// RFC 8410 §4: a SubjectPublicKeyInfo for Ed25519 is these bytes and the key.
const SPKI_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00)

function nodeVerifies(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (!nodeCrypto) return true
  const der = Buffer.from(concatBytes(SPKI_PREFIX, key))
  return nodeCrypto.verify(
    null,
    message,
    nodeCrypto.createPublicKey({ key: der, format: 'der', type: 'spki' }),
    signature,
  )
}
