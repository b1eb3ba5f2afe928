import nacl from 'tweetnacl'
import { toBase64url } from '../encoding/base64url.ts'
import { digestOf } from '../encoding/digest.ts'
import { InternalError } from '../errors.ts'

/** Returns `length` random bytes that nobody can predict. */
export type RandomBytes = (length: number) => Uint8Array

/** The system's random number generator, in Node and in browsers. At most 65,536 bytes per call. */
export const systemRandom: RandomBytes = (length) => globalThis.crypto.getRandomValues(new Uint8Array(length))

/** An Ed25519 key pair. `JSON.stringify`, spreads and `console.log` don't show the secret half. */
export interface SigningKey {
  /** {@link keyIdOf} of the public key. */
  readonly keyId: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes: seed and public key. */
  readonly secretKey: Uint8Array
}

export const SEED_BYTES = 32

/** How often a key is drawn at most. One in 64 is drawn again, since a command line would take its id for an option. */
const MAX_DRAWS = 16

/**
 * Makes a new signing key, whose id does not begin with a dash.
 *
 * @example
 * const key = generateKey()
 * key.keyId // 'Ft7Zl0rD…', 22 characters
 */
export function generateKey(random: RandomBytes = systemRandom): SigningKey {
  let key = keyFromSeed(random(SEED_BYTES))
  for (let draw = 1; draw < MAX_DRAWS && key.keyId.startsWith('-'); draw++) key = keyFromSeed(random(SEED_BYTES))
  return key
}

/** The key pair of a seed of 32 bytes (RFC 8032 §5.1.5). */
export function keyFromSeed(seed: Uint8Array): SigningKey {
  if (seed.length !== SEED_BYTES) throw new InternalError(`a seed has ${SEED_BYTES} bytes, not ${seed.length}`)
  const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(seed)
  const shown = { keyId: keyIdOf(publicKey), publicKey }
  return Object.defineProperty(shown, 'secretKey', { value: secretKey, enumerable: false }) as SigningKey
}

/** The id of a public key: the first 22 characters, 132 bits, of its SHA-256 in base64url. */
export function keyIdOf(publicKey: Uint8Array): string {
  return digestOf(publicKey).slice(0, 22)
}

/**
 * A unique name: 127 random bits in base64url, 22 characters. It begins with a letter, so that no command line takes it
 * for an option.
 */
export function randomId(random: RandomBytes = systemRandom): string {
  const bytes = Uint8Array.from(random(16))
  bytes[0]! &= 0x7f
  return toBase64url(bytes)
}
