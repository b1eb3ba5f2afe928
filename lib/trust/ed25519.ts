import nacl from 'tweetnacl'
import { concatBytes } from '../encoding/bytes.ts'
import { digestOf } from '../encoding/digest.ts'
import { RefusedError } from '../errors.ts'
import { isInPrimeOrderGroup } from './edwards25519.ts'
import { RecentSet } from './recent-set.ts'

/**
 * Ed25519, stricter than RFC 8032 and than both libraries, so that every verifier gives the same verdict on a
 * signature. Libraries differ on S ≥ L, on encodings with y ≥ p, and on points of small order ("Taming the many
 * EdDSAs", Chalkias, Garillot, Nikolaenko, 2020). This module refuses all of these before it calls a library.
 */

export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

declare const admitted: unique symbol

/** A public key that {@link admitKey} has checked. */
export type AdmittedKey = Uint8Array & { readonly [admitted]: true }

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
  if (key.length !== PUBLIC_KEY_BYTES || !isCanonicalPoint(key) || hasSmallOrder(key)) return false
  const name = digestOf(key)
  if (admittedKeys.has(name)) return true
  if (!isInPrimeOrderGroup(key)) return false
  admittedKeys.add(name)
  return true
}

/**
 * Whether `signature` over `message` was made with this key. Never throws. tweetnacl must accept it, and in Node also
 * node:crypto, which guards against a fault in the other. node:crypto takes 0.1 ms and tweetnacl 4 ms, so it goes
 * first.
 *
 * The verdict depends only on the three byte strings, so the last 256 valid signatures are cached.
 */
export function verifyStrict(signature: Uint8Array, message: Uint8Array, key: AdmittedKey): boolean {
  if (signature.length !== SIGNATURE_BYTES || !isStrictSignature(signature)) return false
  // Key and signature have fixed lengths, so the concatenation is unambiguous.
  const name = digestOf(concatBytes(key, signature, message))
  if (verifiedSignatures.has(name)) return true
  if (!bothVerify(signature, message, key)) return false
  verifiedSignatures.add(name)
  return true
}

function isStrictSignature(signature: Uint8Array): boolean {
  const r = signature.subarray(0, 32)
  const s = signature.subarray(32)
  return isBelow(s, GROUP_ORDER) && isCanonicalPoint(r) && !hasSmallOrder(r)
}

function bothVerify(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  try {
    return nodeVerifies(signature, message, key) && nacl.sign.detached.verify(message, signature, key)
  } catch {
    return false
  }
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

// Little-endian, as in keys and signatures.
const FIELD_PRIME = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f')
const GROUP_ORDER = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')

/** The y coordinates of the eight points whose order divides the cofactor 8. */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000', // order 4, two points
  '0100000000000000000000000000000000000000000000000000000000000000', // the identity
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // order 2
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', // order 8, two points
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', // order 8, two points
].map(fromHex)

function isCanonicalPoint(encoded: Uint8Array): boolean {
  return isBelow(withoutSign(encoded), FIELD_PRIME)
}

function hasSmallOrder(encoded: Uint8Array): boolean {
  const y = withoutSign(encoded)
  return SMALL_ORDER_Y.some((small) => small.every((byte, index) => byte === y[index]))
}

/** The y coordinate of a point: everything but the top bit, which is the sign of x. */
function withoutSign(encoded: Uint8Array): Uint8Array {
  const y = Uint8Array.from(encoded)
  y[31]! &= 0x7f
  return y
}

/** Whether a < b, for little-endian numbers of the same length. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  const top = a.findLastIndex((byte, index) => byte !== b[index])
  return top >= 0 && a[top]! < b[top]!
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
