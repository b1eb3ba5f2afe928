import { ed25519 } from '@noble/curves/ed25519.js'
import nacl from 'tweetnacl'
import { concatBytes } from '../encoding/bytes.ts'
import { digestOf } from '../encoding/digest.ts'
import { RefusedError } from '../errors.ts'
import { RecentSet } from './recent-set.ts'

/**
 * Ed25519, stricter than RFC 8032 and than both libraries, so that every verifier gives the same verdict on a
 * signature. Libraries differ on S ≥ L, on encodings with y ≥ p, and on points of small and of mixed order ("Taming the
 * many EdDSAs", Chalkias, Garillot, Nikolaenko, 2020). This module refuses all of these, whatever the libraries say.
 * Noble's decoders throw where decoding fails according to RFC 8032 §5.1.3 and §5.1.7: not 32 bytes, no point with this
 * y < p, or S ≥ L.
 */

export const SIGNATURE_BYTES = 64

declare const admitted: unique symbol

/** A public key that {@link admitKey} has checked. */
export type AdmittedKey = Uint8Array & { readonly [admitted]: true }

const { Point } = ed25519

const nodeCrypto = globalThis.process?.getBuiltinModule?.('node:crypto')

const admittedKeys = new RecentSet(256)
const verifiedSignatures = new RecentSet(256)

/**
 * Checks a public key: 32 bytes, canonical, a point of the prime-order group, and not the identity. Under the identity
 * one signature is valid for every message, in every library.
 *
 * Takes about 1 ms for a new key. The result is cached.
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

function isStrictKey(key: Uint8Array): boolean {
  try {
    const point = Point.fromBytes(key)
    // The identity is also free of torsion, so it has to be excluded separately.
    return !point.isSmallOrder() && point.isTorsionFree()
  } catch {
    return false
  }
}

/**
 * Whether `signature` over `message` was made with this key. Never throws. tweetnacl must accept it, and in Node also
 * node:crypto: a fault in only one library admits nothing. Noble's `verify` can't replace either of them: it checks the
 * cofactored equation, so it accepts signatures with an R of mixed order, which these two refuse.
 *
 * The verdict depends only on the three byte strings, so the last 256 valid signatures are cached.
 */
export function verifyStrict(signature: Uint8Array, message: Uint8Array, key: AdmittedKey): boolean {
  // With a fixed length, the concatenation below is unambiguous.
  if (signature.length !== SIGNATURE_BYTES) return false
  const name = digestOf(concatBytes(key, signature, message))
  if (verifiedSignatures.has(name)) return true
  if (!isGenuine(signature, message, key)) return false
  verifiedSignatures.add(name)
  return true
}

/** The cheapest check first: a forgery costs the 0.1 ms of node:crypto, and not the 4 ms of tweetnacl. */
function isGenuine(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  try {
    return (
      nodeVerifies(signature, message, key) &&
      isStrictSignature(signature) &&
      nacl.sign.detached.verify(message, signature, key)
    )
  } catch {
    return false
  }
}

/** @throws Error if S ≥ L, or if R is not a canonical encoding of a point. */
function isStrictSignature(signature: Uint8Array): boolean {
  Point.Fn.fromBytes(signature.subarray(32))
  return !Point.fromBytes(signature.subarray(0, 32)).isSmallOrder()
}

// RFC 8410 §4: the SubjectPublicKeyInfo of an Ed25519 key is this prefix followed by the key.
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
