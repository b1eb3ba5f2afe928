/**
 * The state of an agent that moves from a client place to a region. The client does not have the fleet's secret, so it
 * can not encrypt the state. A heap can run code, so the state is signed like code: by the same keys that signed the
 * bundle. A key with only the role `sender` can therefore not bring a state of its own making.
 *
 *     state = "LSTS" | version, 1 byte | length of the envelope, 2 bytes | envelope | stored bytes
 *
 * The envelope is a {@link encodeEnvelope binary DSSE envelope} whose payload is the descriptor of the state. It
 * contains the digest of the *stored* bytes, so nothing is inflated that was not signed.
 */

import { inflateExactly } from '../../encoding/brotli.ts'
import { concatBytes } from '../../encoding/bytes.ts'
import { digestOf } from '../../encoding/digest.ts'
import { RefusedError } from '../../errors.ts'
import { mediaType } from '../../format-version.ts'
import { decodeEnvelope, encodeEnvelope, signEnvelope } from '../envelope.ts'
import type { KeyGrant } from '../key-policy.ts'
import type { Keyring } from '../keyring.ts'
import type { SigningKey } from '../keys.ts'
import { verifyEnvelope } from '../verify.ts'
import {
  hasMagic,
  invalid,
  MAX_STATE_BYTES,
  type OpenedState,
  packState,
  parseDescriptor,
  preamble,
  readWithLength,
  requireExpected,
  requirePreamble,
  requireRoom,
  type StateChecks,
  type StateHeader,
  stateOf,
  type TravellingState,
  tooLarge,
  withLength,
} from './format.ts'

/** The payload type of the envelope around a state's descriptor. */
export const STATE_TYPE = mediaType('state')

const MAGIC = 'LSTS'
const LENGTH_BYTES = 2
/** Client places have no fleet secret, so there is no epoch. */
const NO_EPOCH = 0

/** Whether a state comes from a client place, according to its first bytes. */
export function isAuthorSigned(sealed: Uint8Array): boolean {
  return hasMagic(sealed, MAGIC)
}

/**
 * Signs an agent's state for one region, with the keys that signed its bundle.
 *
 * @throws RefusedError `STATE_MALFORMED`, `STATE_TOO_LARGE`, `SIGNATURE_MISSING`
 */
export function signState(
  context: Omit<StateHeader, 'epoch'>,
  state: TravellingState,
  authors: readonly SigningKey[],
): Uint8Array {
  const { descriptor, stored } = packState({ ...context, epoch: NO_EPOCH }, state, 'stored')
  return concatBytes(preamble(MAGIC), withLength(encodeEnvelope(signEnvelope(STATE_TYPE, descriptor, authors))), stored)
}

/** What a region checks a signed state against. */
export interface SignedStateChecks extends StateChecks {
  readonly keyring: Keyring
  /** The keys that signed the bundle. */
  readonly authors: readonly KeyGrant[]
  /** The client places of the order. */
  readonly clientPlaces: readonly string[]
}

/**
 * Opens a signed state. It checks the signatures, which must be by exactly the bundle's authors, then the header
 * against what this region expects, then the stored bytes against their digest.
 *
 * @throws RefusedError `STATE_TOO_LARGE`, `STATE_MALFORMED`, what `verifyEnvelope` throws, `POLICY_DENIED` for other
 *   keys than the authors', `STATE_MISMATCH`, `ENGINE_MISMATCH`, `STATE_STALE`, `STATE_EXPIRED`, `STATE_INVALID`
 */
export function openAuthorSigned(sealed: Uint8Array, checks: SignedStateChecks): OpenedState {
  const { keyring, authors, clientPlaces, limits, now } = checks
  if (sealed.length > MAX_STATE_BYTES) throw tooLarge()
  const envelopeStart = requirePreamble(sealed, MAGIC)
  const envelope = readWithLength(sealed, envelopeStart)
  const { payload, signers } = verifyEnvelope(decodeEnvelope(envelope, STATE_TYPE), STATE_TYPE, keyring, now)
  requireSame(signers, authors)
  const descriptor = parseDescriptor(payload)
  const { header } = descriptor
  requireExpected(header, checks)
  if (!clientPlaces.includes(header.from))
    throw new RefusedError('STATE_MISMATCH', 'the state comes from a place that the order does not name')
  requireRoom(descriptor, limits)
  const stored = sealed.subarray(envelopeStart + LENGTH_BYTES + envelope.length)
  if (stored.length !== descriptor.stored || digestOf(stored) !== descriptor.sha256) throw invalid()
  return { header, state: stateOf(descriptor, inflate(stored, descriptor.bytes)) }
}

function requireSame(signers: readonly KeyGrant[], authors: readonly KeyGrant[]): void {
  const idsOf = (keys: readonly KeyGrant[]) => keys.map(({ keyId }) => keyId).sort()
  if (idsOf(signers).join() === idsOf(authors).join()) return
  throw new RefusedError('POLICY_DENIED', 'the state is not signed by the keys that signed the code', {
    remedy: 'start the agent in a region, or sign its state with the keys of its authors',
  })
}

function inflate(stored: Uint8Array, bytes: number): Uint8Array {
  try {
    return inflateExactly(stored, bytes)
  } catch {
    throw invalid()
  }
}
