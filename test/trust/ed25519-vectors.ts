/**
 * Keys and signatures that break one rule of docs/wire-format.md, "Ed25519, strictly", each made here from the curve's
 * arithmetic. Each names the libraries that accept it, so that a test can show that it is what it says.
 */
import { createHash } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js'
import { concatBytes, utf8 } from '../../lib/encoding/bytes.ts'

const { Point } = ed25519
const { Fp, Fn, BASE, ZERO } = Point
type Point = InstanceType<typeof Point>

/** tweetnacl compares R's bytes; noble, as it is by default, checks the cofactored equation (ZIP 215). */
export type Library = 'tweetnacl' | 'noble'

export interface Vector {
  readonly what: string
  readonly key: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
  readonly refusedFor: 'key' | 'signature'
  /** The libraries that accept it. */
  readonly takenBy: readonly Library[]
}

const BOTH = ['tweetnacl', 'noble'] as const
const TOP_BIT = 0x80

/** A secret scalar and a secret nonce. Any number does: these vectors protect nothing. */
const SECRET = 0x1234567890abcdefn
const NONCE = 0xfedcba0987654321n
const KEY = BASE.multiply(SECRET)

/** The eight points whose order divides the cofactor: multiples of one of order 8, the identity first. */
const SMALL = multiplesOf(pointOfOrder8())

export const smallOrderKeys: readonly Vector[] = SMALL.flatMap((point, index) =>
  encodingsOf(point).map((key, other) => ({
    ...signedWhenTorsionVanishes(0n, point, key),
    what: `a key of order ${orderOf(index)}, point ${index}, ${encodingName(other)}`,
    refusedFor: 'key' as const,
    takenBy: BOTH,
  })),
)

export const mixedOrderKeys: readonly Vector[] = SMALL.slice(1).map((point, index) => ({
  ...signedWhenTorsionVanishes(SECRET, KEY.add(point)),
  what: `a key with a component of order ${orderOf(index + 1)}, point ${index + 1}`,
  refusedFor: 'key',
  takenBy: BOTH,
}))

/** With k·T not the identity, only a verifier that multiplies by the cofactor accepts. */
export const cofactoredKeys: readonly Vector[] = SMALL.slice(1).map((point, index) => ({
  ...signedWhen((k) => !SMALL[residue(k, index + 1)]!.is0(), SECRET, KEY.add(point).toBytes(), BASE.multiply(NONCE)),
  what: `a key with a component of order ${orderOf(index + 1)} that the challenge does not cancel, point ${index + 1}`,
  refusedFor: 'key',
  takenBy: ['noble'],
}))

/** With R the identity and S = k·a the equation holds without a nonce, for every message. */
export const smallOrderR: readonly Vector[] = SMALL.flatMap((point, index) =>
  encodingsOf(point).map((r, other) => ({
    ...signed({ secret: SECRET, key: KEY.toBytes(), nonce: 0n, r, message: utf8('a message') }),
    what: `an R of order ${orderOf(index)}, point ${index}, ${encodingName(other)}`,
    refusedFor: 'signature' as const,
    takenBy: index === 0 && other === 0 ? BOTH : (['noble'] as const),
  })),
)

export const mixedOrderR: readonly Vector[] = SMALL.slice(1).map((point, index) => ({
  ...signed({
    secret: SECRET,
    key: KEY.toBytes(),
    nonce: NONCE,
    r: BASE.multiply(NONCE).add(point).toBytes(),
    message: utf8('a message'),
  }),
  what: `an R with a component of order ${orderOf(index + 1)}, point ${index + 1}`,
  refusedFor: 'signature',
  takenBy: ['noble'],
}))

/** S + 15·L is the largest that still has 32 bytes. */
export const unreducedS: readonly Vector[] = [1n, 2n, 4n, 8n, 15n].map((factor) => ({
  ...signedWithMoreS(factor * Fn.ORDER),
  what: `S + ${factor}·L`,
  refusedFor: 'signature',
  takenBy: ['tweetnacl'],
}))

export const allVectors: readonly Vector[] = [
  ...smallOrderKeys,
  ...mixedOrderKeys,
  ...cofactoredKeys,
  ...smallOrderR,
  ...mixedOrderR,
  ...unreducedS,
]

/** Every encoding with p ≤ y < 2²⁵⁵, with either sign. Nineteen times two, on the curve or off it. */
export const encodingsFromPOn: readonly Uint8Array[] = Array.from({ length: 19 }, (_, more) => more).flatMap((more) => {
  const encoded = numberToBytesLE(Fp.ORDER + BigInt(more), 32)
  return [encoded, withTopBit(encoded)]
})

/** An encoding whose y belongs to no point. */
export const offTheCurve = Array.from({ length: 19 }, (_, y) => numberToBytesLE(BigInt(y), 32)).find(
  (encoded) => !decodes(encoded),
)!

interface Signed {
  readonly key: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

interface ToSign {
  readonly secret: bigint
  readonly key: Uint8Array
  readonly nonce: bigint
  readonly r: Uint8Array
  readonly message: Uint8Array
}

/** RFC 8032 §5.1.6, with key and R as they are given: S = nonce + k·secret. */
function signed({ secret, key, nonce, r, message }: ToSign): Signed {
  const s = Fn.create(nonce + challenge(r, key, message) * secret)
  return { key, message, signature: concatBytes(r, Fn.toBytes(s)) }
}

/** Numbers a message until its challenge fits. */
function signedWhen(fits: (k: bigint) => boolean, secret: bigint, key: Uint8Array, r: Point): Signed {
  for (let number = 0; ; number++) {
    const message = utf8(`message ${number}`)
    if (fits(challenge(r.toBytes(), key, message)))
      return signed({ secret, key, nonce: NONCE, r: r.toBytes(), message })
  }
}

/** The component of small order is gone from k·A where 8 divides k, and every equation holds. */
function signedWhenTorsionVanishes(secret: bigint, point: Point, key = point.toBytes()): Signed {
  return signedWhen((k) => k % 8n === 0n, secret, key, BASE.multiply(NONCE))
}

function signedWithMoreS(more: bigint): Signed {
  const honest = signedWhen(() => true, SECRET, KEY.toBytes(), BASE.multiply(NONCE))
  const s = bytesToNumberLE(honest.signature.subarray(32)) + more
  return { ...honest, signature: concatBytes(honest.signature.subarray(0, 32), numberToBytesLE(s, 32)) }
}

function challenge(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  const digest = createHash('sha512').update(r).update(key).update(message).digest()
  return Fn.create(bytesToNumberLE(Uint8Array.from(digest)))
}

/** L times any point leaves its component of small order. */
function pointOfOrder8(): Point {
  for (let y = 2n; ; y++) {
    const encoded = numberToBytesLE(y, 32)
    if (!decodes(encoded)) continue
    const point = Point.fromBytes(encoded)
    const small = point.multiplyUnsafe(Fn.ORDER - 1n).add(point)
    if (!small.double().double().is0()) return small
  }
}

function multiplesOf(generator: Point): readonly Point[] {
  const multiples = [ZERO]
  while (multiples.length < 8) multiples.push(multiples.at(-1)!.add(generator))
  return multiples
}

function residue(k: bigint, index: number): number {
  return Number((k * BigInt(index)) % 8n)
}

function orderOf(index: number): number {
  return [1, 8, 4, 8, 2, 8, 4, 8][index]!
}

/** All encodings that a lenient decoder takes for the point, the canonical one first. */
function encodingsOf(point: Point): readonly Uint8Array[] {
  const { x, y } = point.toAffine()
  const plain = [y, y + Fp.ORDER].filter((each) => each < 2n ** 255n).map((each) => numberToBytesLE(each, 32))
  if (x === 0n) return [...plain, ...plain.map(withTopBit)]
  return plain.map((encoded) => (x % 2n === 1n ? withTopBit(encoded) : encoded))
}

function encodingName(index: number): string {
  return index === 0 ? 'canonical' : `not canonical, encoding ${index}`
}

function withTopBit(encoded: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(encoded)
  copy[31]! |= TOP_BIT
  return copy
}

function decodes(encoded: Uint8Array): boolean {
  try {
    Point.fromBytes(encoded)
    return true
  } catch {
    return false
  }
}
