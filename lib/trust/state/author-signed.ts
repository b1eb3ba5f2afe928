/**
 * The state of an agent that leaves a place of the caller's own for a region. The caller has no part of the fleet's
 * secret, so nothing is sealed here: a heap is code, and so it comes as code does, signed by the very keys that signed
 * the bundle. A key that may only send can't bring a state of its own making.
 *
 *     box = "LSTS" | version, 1 byte | length of the envelope, 2 bytes | envelope | stored state
 *
 * The envelope is a {@link encodeEnvelope binary DSSE envelope} with the manifest as payload, which holds the header of
 * all boxes, and the digest of the *stored* bytes: nothing is inflated that was not signed.
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

/** The payload type an envelope binds to the manifest of a state. */
export const STATE_TYPE = mediaType('state')

const MAGIC = 'LSTS'
const LENGTH_BYTES = 2
/** There is no secret, so there are no epochs. */
const NO_EPOCH = 0

/** Whether a box came from a place of the caller's own, by its first bytes. */
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

/** What a region knows of the signed box it is to take in. */
export interface SignedStateChecks extends StateChecks {
  readonly keyring: Keyring
  /** Who signed the bundle. */
  readonly authors: readonly KeyGrant[]
  /** The caller's own places, as the order names them. */
  readonly clientPlaces: readonly string[]
}

/**
 * Opens a signed box: signatures by the bundle's own authors and by nobody else, keys in their time and not revoked,
 * then the header against what this region expects, then the state against its digest.
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
