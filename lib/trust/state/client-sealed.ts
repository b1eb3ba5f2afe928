/**
 * The state of an agent that moves from a region to a client place, or the answer of a copy to an agent there. The
 * order contains a public key that the client has made for this mission, so only the client can open the state. The
 * region signs the sealed state with the fleet's receipt key, so only the fleet can make one.
 *
 *     state  = "LSTH" | version, 1 byte | length of the header, 2 bytes | header | ephemeral key, 32 bytes
 *              | nonce, 12 bytes | sealed | signature, 64 bytes
 *     sealed = ChaCha20-Poly1305 of plain; header and ephemeral key are bound to it
 *     plain  = as in state/fleet-sealed.ts
 *
 * The key is HKDF-SHA-256 of the X25519 shared secret of the ephemeral key and the client's key. The signature covers
 * the SHA-256 of everything before it, in DSSE's pre-authentication encoding with its own payload type.
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

/** An X25519 key pair for one mission. */
export interface ClientStateKey {
  /** 32 bytes. The order contains it. */
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** Makes the key pair for one mission. */
export function createClientStateKey(random: RandomBytes = systemRandom): ClientStateKey {
  return nacl.box.keyPair.fromSecretKey(random(KEY_BYTES))
}

/** Whether a region sealed a state for a client place, according to its first bytes. */
export function isClientSealed(sealed: Uint8Array): boolean {
  return hasMagic(sealed, MAGIC)
}

export interface ClientSealOptions {
  /** The public key in the order, 32 bytes. */
  readonly recipient: Uint8Array
  /** The fleet's receipt key of the current epoch. */
  readonly signer: { readonly epoch: number; readonly key: SigningKey }
  readonly random?: RandomBytes
}

/**
 * Seals a state for the client that sent its mission.
 *
 * @throws RefusedError `STATE_MALFORMED`, `STATE_TOO_LARGE`, `KEY_INVALID` for a low-order X25519 point
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

/** What a client place checks a sealed state against. */
export interface ClientSealedChecks extends StateChecks {
  readonly key: ClientStateKey
  /** The fleet's receipt keys by epoch, 32 bytes each. */
  readonly receiptKeys: ReadonlyMap<number, Uint8Array>
  /** The regions of the order. */
  readonly regions: readonly string[]
}

/**
 * Opens a state from a region. It checks the header, then the fleet's signature, then decrypts, then checks the
 * content.
 *
 * @throws RefusedError `STATE_TOO_LARGE`, `STATE_MALFORMED`, `STATE_MISMATCH`, `ENGINE_MISMATCH`, `STATE_STALE`,
 *   `STATE_EXPIRED`, `EPOCH_UNKNOWN`, `SIGNATURE_INVALID`, `STATE_INVALID`
 */
export function openClientSealed(sealed: Uint8Array, checks: ClientSealedChecks): OpenedState {
  const { key: clientKey, receiptKeys, regions, limits } = checks
  if (sealed.length > MAX_STATE_BYTES) throw tooLarge()
  const { header, headerBytes, open, ephemeral, nonce, ciphertext, signed, signature } = cut(sealed)
  requireExpected(header, checks)
  if (!regions.includes(header.from)) throw new RefusedError('STATE_MISMATCH', 'the state is from another region')
  const fleetKey = receiptKeys.get(header.epoch)
  if (fleetKey === undefined)
    throw new RefusedError('EPOCH_UNKNOWN', `the fleet file has no receipt key of epoch ${header.epoch}`, {
      remedy: 'update it with lander fleet check, which adds the keys of new epochs',
    })
  if (!verifyStrict(signature, signedBytes(signed), admitKey(fleetKey)))
    throw new RefusedError('SIGNATURE_INVALID', 'the state was not sealed by the fleet')

  const key = sealingKey(clientKey.secretKey, ephemeral, [ephemeral, clientKey.publicKey], headerBytes)
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

/** HKDF-SHA-256 (RFC 5869). The info contains both public keys and the header, so each key is for one state only. */
function sealingKey(
  secret: Uint8Array,
  other: Uint8Array,
  publicKeys: readonly Uint8Array[],
  headerBytes: Uint8Array,
): Uint8Array {
  const shared = nacl.scalarMult(secret, other)
  // The shared secret with a low-order point is zero for every secret key (RFC 7748 §6.1).
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
