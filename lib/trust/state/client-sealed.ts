/**
 * The state of an agent that leaves a region for a place of the caller's own, or what its copy answers one there. The
 * order names a public key that the caller has made for this one mission; only who holds its other half can open the
 * box. The region signs what it has sealed with the fleet's receipt key, so nobody else can make such a box.
 *
 *     box    = "LSTH" | version, 1 byte | length of the header, 2 bytes | header | ephemeral key, 32 bytes
 *              | nonce, 12 bytes | sealed | signature, 64 bytes
 *     sealed = ChaCha20-Poly1305 of plain; header and ephemeral key are bound to it
 *     plain  = as in {@link sealState}
 *
 * The key is HKDF-SHA-256 of what X25519 makes of the ephemeral key and the caller's, for this context. The signature
 * is over the digest of all that stands before it, under a type of its own (DSSE's pre-authentication encoding).
 */

import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import nacl from 'tweetnacl'
import { toBase64url } from '../../encoding/base64url.ts'
import { concatBytes, utf8 } from '../../encoding/bytes.ts'
import { canonicalJson } from '../../encoding/canonical-json.ts'
import { sha256 } from '../../encoding/digest.ts'
import { RefusedError } from '../../errors.ts'
import { FORMAT_VERSION } from '../../format-version.ts'
import { admitKey, SIGNATURE_BYTES, verifyStrict } from '../ed25519.ts'
import { preAuthEncoding } from '../envelope.ts'
import { type RandomBytes, type SigningKey, systemRandom } from '../keys.ts'
import { signDetached } from '../sign.ts'
import {
  decrypt,
  encrypt,
  hasMagic,
  headerPayload,
  MAX_STATE_BYTES,
  malformed,
  NONCE_BYTES,
  type OpenedState,
  packState,
  parseHeader,
  plainText,
  preamble,
  readPlainText,
  readWithLength,
  requireExpected,
  requirePreamble,
  SMALLEST_BUCKET,
  type StateChecks,
  type StateHeader,
  TAG_BYTES,
  type TravellingState,
  tooLarge,
  withLength,
} from './format.ts'

const MAGIC = 'LSTH'
const SIGNED_TYPE = `application/vnd.lander.client-state.v${FORMAT_VERSION}`
const LENGTH_BYTES = 2
const KEY_BYTES = 32

/** A pair of X25519 keys that lives for one mission. */
export interface ClientStateKey {
  /** 32 bytes: the order names it. */
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** Makes the pair of keys for one mission. */
export function createClientStateKey(random: RandomBytes = systemRandom): ClientStateKey {
  return nacl.box.keyPair.fromSecretKey(random(KEY_BYTES))
}

/** Whether a box was sealed by a region for a place of the caller's own, by its first bytes. */
export function isClientSealed(sealed: Uint8Array): boolean {
  return hasMagic(sealed, MAGIC)
}

export interface ClientSealOptions {
  /** The public key that the order names, 32 bytes. */
  readonly recipient: Uint8Array
  /** The fleet's receipt key of the current epoch. */
  readonly signer: { readonly epoch: number; readonly key: SigningKey }
  readonly random?: RandomBytes
}

/**
 * Seals a state for the one who sent its mission.
 *
 * @throws RefusedError `STATE_MALFORMED`, `STATE_TOO_LARGE`, `KEY_INVALID` for a public key that hides nothing
 */
export function sealForClient(
  context: Omit<StateHeader, 'epoch'>,
  state: TravellingState,
  { recipient, signer, random = systemRandom }: ClientSealOptions,
): Uint8Array {
  const header: StateHeader = { ...context, epoch: signer.epoch }
  const ephemeral = createClientStateKey(random)
  const packed = packState(header, state, 'bytes')
  const headerBytes = headerPayload(header)
  const open = concatBytes(preamble(MAGIC), withLength(headerBytes), ephemeral.publicKey)
  const key = sealingKey(ephemeral.secretKey, recipient, [ephemeral.publicKey, recipient], headerBytes)
  const nonce = random(NONCE_BYTES)
  const unsigned = concatBytes(open, nonce, encrypt({ key, nonce, bound: open }, plainText(packed)))
  packed.stored.fill(0)
  ephemeral.secretKey.fill(0)
  return concatBytes(unsigned, signDetached(signedBytes(unsigned), signer.key))
}

/** What a place of the caller's own knows of the box it is to take in. */
export interface ClientSealedChecks extends StateChecks {
  readonly key: ClientStateKey
  /** The fleet's receipt keys by epoch, 32 bytes each. */
  readonly receiptKeys: ReadonlyMap<number, Uint8Array>
  /** Regions of the order. */
  readonly regions: readonly string[]
}

/**
 * Opens a box from a region: header, signature of the fleet, seal, then what is inside.
 *
 * @throws RefusedError `STATE_TOO_LARGE`, `STATE_MALFORMED`, `STATE_MISMATCH`, `ENGINE_MISMATCH`, `STATE_STALE`,
 *   `STATE_EXPIRED`, `EPOCH_UNKNOWN`, `SIGNATURE_INVALID`, `STATE_INVALID`
 */
export function openClientSealed(sealed: Uint8Array, checks: ClientSealedChecks): OpenedState {
  const { key: own, receiptKeys, regions, limits } = checks
  if (sealed.length > MAX_STATE_BYTES) throw tooLarge()
  const { header, headerBytes, open, ephemeral, nonce, ciphertext, signed, signature } = cut(sealed)
  requireExpected(header, checks)
  if (!regions.includes(header.from)) throw new RefusedError('STATE_MISMATCH', 'the state is from another region')
  const fleetKey = receiptKeys.get(header.epoch)
  if (fleetKey === undefined)
    throw new RefusedError('EPOCH_UNKNOWN', `the fleet file has no receipt key of epoch ${header.epoch}`, {
      remedy: 'bring it up to date: lander fleet check writes the keys of new epochs into it',
    })
  if (!verifyStrict(signature, signedBytes(signed), admitKey(fleetKey)))
    throw new RefusedError('SIGNATURE_INVALID', 'the state was not sealed by the fleet')

  const key = sealingKey(own.secretKey, ephemeral, [ephemeral, own.publicKey], headerBytes)
  const plain = decrypt({ key, nonce, bound: open }, ciphertext)
  try {
    return { header, state: readPlainText(plain, headerBytes, limits) }
  } finally {
    plain.fill(0)
  }
}

function signedBytes(sealed: Uint8Array): Uint8Array {
  return preAuthEncoding(SIGNED_TYPE, sha256(sealed))
}

/** HKDF-SHA-256 (RFC 5869); both public keys and the header are in its info, so a key is good for one box only. */
function sealingKey(
  secret: Uint8Array,
  other: Uint8Array,
  publicKeys: readonly Uint8Array[],
  headerBytes: Uint8Array,
): Uint8Array {
  const shared = nacl.scalarMult(secret, other)
  // A point of small order gives zeros, whatever the secret (RFC 7748 §6.1).
  if (shared.every((byte) => byte === 0))
    throw new RefusedError('KEY_INVALID', 'the recipient key is a low-order X25519 point')
  const info = canonicalJson([
    `lander client-state v${FORMAT_VERSION}`,
    ...publicKeys.map(toBase64url),
    toBase64url(sha256(headerBytes)),
  ])
  const key = hkdf(nobleSha256, shared, undefined, utf8(info), KEY_BYTES)
  shared.fill(0)
  return key
}

function cut(sealed: Uint8Array) {
  const headerStart = requirePreamble(sealed, MAGIC)
  const headerBytes = readWithLength(sealed, headerStart)
  const ephemeralStart = headerStart + LENGTH_BYTES + headerBytes.length
  const nonceStart = ephemeralStart + KEY_BYTES
  const ciphertextStart = nonceStart + NONCE_BYTES
  const end = sealed.length - SIGNATURE_BYTES
  if (end < ciphertextStart + SMALLEST_BUCKET + TAG_BYTES) throw malformed()
  return {
    header: parseHeader(headerBytes),
    headerBytes,
    open: sealed.subarray(0, nonceStart),
    ephemeral: sealed.subarray(ephemeralStart, nonceStart),
    nonce: sealed.subarray(nonceStart, ciphertextStart),
    ciphertext: sealed.subarray(ciphertextStart, end),
    signed: sealed.subarray(0, end),
    signature: sealed.subarray(end),
  }
}
