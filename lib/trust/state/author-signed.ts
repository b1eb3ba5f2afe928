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
import { concatBytes, equalBytes } from '../../encoding/bytes.ts'
import { digestOf } from '../../encoding/digest.ts'
import { RefusedError } from '../../errors.ts'
import { decodeEnvelope, encodeEnvelope, signEnvelope } from '../envelope.ts'
import type { Keyring } from '../keyring.ts'
import type { SigningKey } from '../keys.ts'
import type { KeyGrant } from '../policy.ts'
import { verifyEnvelope } from '../verify.ts'
import {
  type BoxChecks,
  invalid,
  MAX_BOX_BYTES,
  malformed,
  type OpenedState,
  packState,
  parseManifest,
  readWithLength,
  requireExpected,
  requireRoom,
  type StateHeader,
  stateOf,
  type TravellingState,
  tooLarge,
  withLength,
} from './format.ts'

/** The payload type an envelope binds to the manifest of a state. */
export const STATE_TYPE = 'application/vnd.lander.state.v1+json'

const MAGIC = Uint8Array.of(0x4c, 0x53, 0x54, 0x53, 1)
const LENGTH_BYTES = 2
/** There is no secret, so there are no epochs. */
const NO_EPOCH = 0

/** Whether a box came from a place of the caller's own, by its first bytes. */
export function isSignedState(box: Uint8Array): boolean {
  return equalBytes(box.subarray(0, MAGIC.length), MAGIC)
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
  const { manifest, stored } = packState({ ...context, epoch: NO_EPOCH }, state, 'stored')
  return concatBytes(MAGIC, withLength(encodeEnvelope(signEnvelope(STATE_TYPE, manifest, authors))), stored)
}

/** What a region knows of the signed box it is to take in. */
export interface SignedStateChecks extends BoxChecks {
  readonly keyring: Keyring
  /** Who signed the bundle. */
  readonly authors: readonly KeyGrant[]
  /** The caller's own places, as the order names them. */
  readonly ownPlaces: readonly string[]
}

/**
 * Opens a signed box: signatures by the bundle's own authors and by nobody else, keys in their time and not revoked,
 * then the header against what this region expects, then the state against its digest.
 *
 * @throws RefusedError `STATE_TOO_LARGE`, `STATE_MALFORMED`, what `verifyEnvelope` throws, `POLICY_DENIED` for other
 *   keys than the authors', `STATE_MISMATCH`, `ENGINE_MISMATCH`, `STATE_STALE`, `STATE_EXPIRED`, `STATE_INVALID`
 */
export function openSignedState(box: Uint8Array, checks: SignedStateChecks): OpenedState {
  const { keyring, authors, ownPlaces, limits, now } = checks
  if (box.length > MAX_BOX_BYTES) throw tooLarge()
  if (!isSignedState(box)) throw malformed()
  const envelope = readWithLength(box, MAGIC.length)
  const { payload, signers } = verifyEnvelope(decodeEnvelope(envelope, STATE_TYPE), STATE_TYPE, keyring, now)
  requireSame(signers, authors)
  const manifest = parseManifest(payload)
  const { header } = manifest
  requireExpected(header, checks)
  if (!ownPlaces.includes(header.from))
    throw new RefusedError('STATE_MISMATCH', 'the state comes from a place that the order does not name')
  requireRoom(manifest, limits)
  const stored = box.subarray(MAGIC.length + LENGTH_BYTES + envelope.length)
  if (stored.length !== manifest.stored || digestOf(stored) !== manifest.sha256) throw invalid()
  return { header, state: stateOf(manifest, inflate(stored, manifest.bytes)) }
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
