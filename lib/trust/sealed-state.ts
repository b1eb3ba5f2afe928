import * as v from 'valibot'
import {
  count,
  digest,
  documentPayload,
  fleetName,
  id,
  limits,
  parseDocument,
  regionName,
  time,
} from '../bundle/document.ts'
import { compress, inflateExactly } from '../encoding/brotli.ts'
import { concatBytes, equalBytes } from '../encoding/bytes.ts'
import { digestOf } from '../encoding/digest.ts'
import { InternalError, RefusedError } from '../errors.ts'
import { type Limits, MAX_LIMITS } from '../limits.ts'
import { currentEpoch, deriveSealingKey, type FleetSecret, liveEpochs, type SealingContext } from './fleet-secret.ts'
import { type RandomBytes, systemRandom } from './keys.ts'

/**
 * The state of an agent that moves from place to place, in a box that only the fleet can open and only the place it is
 * for, at its step of its mission, will. Of 150 snapshots that were tampered with, 58 ran on in silence when they were
 * restored, so nothing of a box is restored before all of it is authentic; and an agent's heap holds residue of the
 * data it read, so the carrier must not be able to look inside.
 *
 *     box    = "LSTA" | version, 1 byte | length of the header, 2 bytes | header | nonce, 12 bytes | sealed
 *     sealed = ChaCha20-Poly1305 of plain, 16 bytes of tag at its end; all that stands before the nonce is bound to it
 *     plain  = length of the manifest, 2 bytes | manifest | stored state | zeros up to the size of its bucket
 *
 * Lengths are big-endian. Header and manifest are canonical JSON; the manifest repeats the header.
 */

/** What anyone may see of a box. */
export interface StateHeader extends SealingContext {
  /** The order's: milliseconds since 1970. */
  readonly expiresAt: number
}

/** An agent between two places. */
export interface TravellingState {
  /** Memory to restore it in, in WebAssembly pages. */
  readonly pages: number
  /**
   * For a copy of an agent: where its answer goes, and which of the calls it was sent for is its own; `null` once it
   * has begun with it.
   */
  readonly copy: { readonly call: number | null; readonly origin: string } | null
  /** What the mission has used of each limit so far. It counts on in the next place. */
  readonly spent: Limits
  /** Digest of the receipt for the landing that it leaves, or `null` where none was made. */
  readonly receipt: string | null
  /** The engine's state, or a copy's outcome as JSON. */
  readonly bytes: Uint8Array
}

const MAGIC = Uint8Array.of(0x4c, 0x53, 0x54, 0x41, 1)
const LENGTH_BYTES = 2
const NONCE_BYTES = 12
const TAG_BYTES = 16
const MAX_DOCUMENT_BYTES = 2048
const SMALLEST_BUCKET = 4096

/** Bytes that do not compress become a few more. */
const MAX_STORED_BYTES = MAX_LIMITS.stateBytes + 4096

/** A region, and for copies of copies a landing and a number for each: `eu-west-1/0.2/3.0`. */
const BRANCH = /^[a-z0-9-]{1,64}(\/\d{1,9}\.\d{1,2}){0,16}$/

const headerSchema = v.strictObject({
  epoch: count(Number.MAX_SAFE_INTEGER),
  fleet: fleetName,
  mission: id,
  statement: digest,
  branch: v.pipe(v.string(), v.regex(BRANCH)),
  kind: v.picklist(['agent', 'answer']),
  sequence: count(Number.MAX_SAFE_INTEGER),
  from: regionName,
  to: regionName,
  engine: digest,
  abi: count(65_535),
  expiresAt: time,
}) satisfies v.GenericSchema<unknown, StateHeader>

const manifestSchema = v.strictObject({
  header: headerSchema,
  pages: count(MAX_LIMITS.memoryPages),
  copy: v.nullable(v.strictObject({ call: v.nullable(count(1024)), origin: regionName })),
  spent: limits,
  receipt: v.nullable(digest),
  stored: count(MAX_STORED_BYTES),
  bytes: count(MAX_LIMITS.stateBytes),
  sha256: digest,
})

/** A box of the most state that any limits allow. */
export const MAX_BOX_BYTES =
  MAGIC.length +
  LENGTH_BYTES +
  MAX_DOCUMENT_BYTES +
  NONCE_BYTES +
  bucketOf(MAX_DOCUMENT_BYTES + MAX_STORED_BYTES) +
  TAG_BYTES

const headerKind = {
  name: 'header of the sealed state',
  code: 'STATE_MALFORMED',
  maxBytes: MAX_DOCUMENT_BYTES,
} as const
const manifestKind = { ...headerKind, name: 'manifest of the sealed state' } as const

/** Fast, and 27 times smaller than the heap of a small agent. The box is written once and read once. */
const QUALITY = 5
/** Above so many bytes speed counts for more: what took 2 s then takes 0.3 s, for a quarter more bytes. */
const LARGE_BYTES = 1024 * 1024
const LARGE_QUALITY = 1

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
  if (state.bytes.length > MAX_LIMITS.stateBytes) throw tooLarge()
  const header: StateHeader = { ...context, epoch: currentEpoch(secret).epoch }
  const stored = compress(state.bytes, { quality: state.bytes.length > LARGE_BYTES ? LARGE_QUALITY : QUALITY })
  const { pages, copy, spent, receipt, bytes } = state
  const sizes = { stored: stored.length, bytes: bytes.length, sha256: digestOf(bytes) }
  const manifest = documentPayload(manifestSchema, { header, pages, copy, spent, receipt, ...sizes }, manifestKind)
  const open = concatBytes(MAGIC, withLength(documentPayload(headerSchema, header, headerKind)))
  const plain = padded(withLength(manifest), stored)
  stored.fill(0)
  const nonce = random(NONCE_BYTES)
  return concatBytes(open, nonce, encrypt({ key: deriveSealingKey(secret, header), nonce, bound: open }, plain))
}

/** What a place knows of the box it is to take in. */
export interface StateChecks {
  readonly secret: FleetSecret
  /** This place, and the mission and code of the order that came with the box. */
  readonly expected: Pick<SealingContext, 'fleet' | 'mission' | 'statement' | 'kind' | 'to' | 'engine' | 'abi'>
  /** The step of the mission that this place has reached: a box of an earlier one is a replay. @default 0 */
  readonly notOlderThan?: number
  /** Of the run: how much state, and how much memory, it may bring. */
  readonly limits: Pick<Limits, 'stateBytes' | 'memoryPages'>
  readonly now: number
}

export interface OpenedState {
  readonly header: StateHeader
  readonly state: TravellingState
}

/**
 * What a box says of itself, before anything of it is known to be authentic: good for looking up the epoch, and for
 * telling people where an agent goes.
 *
 * @throws RefusedError `STATE_TOO_LARGE`, `STATE_MALFORMED`
 */
export function readStateHeader(box: Uint8Array): StateHeader {
  if (box.length > MAX_BOX_BYTES) throw tooLarge()
  return cut(box).header
}

/**
 * Opens a box. The order of the checks is part of the design: what costs nothing comes first, nothing is inflated
 * before it is authentic, and the state is returned only when every check has passed. What remains to the caller: to
 * reserve the mission's step, so that one box is not restored twice.
 *
 * @throws RefusedError `STATE_TOO_LARGE`, `STATE_MALFORMED`, `EPOCH_UNKNOWN`, `STATE_MISMATCH`, `ENGINE_MISMATCH`,
 *   `STATE_STALE`, `STATE_EXPIRED` or `STATE_INVALID`
 */
export function openState(box: Uint8Array, checks: StateChecks): OpenedState {
  const { secret, limits, now } = checks
  if (box.length > MAX_BOX_BYTES) throw tooLarge()
  const { header, headerBytes, open, nonce, sealed } = cut(box)
  if (!liveEpochs(secret, now).some(({ epoch }) => epoch === header.epoch))
    throw new RefusedError('EPOCH_UNKNOWN', `the state was sealed in epoch ${header.epoch}, which is over or unknown`)
  requireExpected(header, checks)

  const plain = decrypt({ key: deriveSealingKey(secret, header), nonce, bound: open }, sealed)
  try {
    return { header, state: unpack(plain, headerBytes, limits) }
  } finally {
    plain.fill(0)
  }
}

function unpack(plain: Uint8Array, headerBytes: Uint8Array, limits: StateChecks['limits']): TravellingState {
  const manifestBytes = readWithLength(plain, 0)
  const manifest = parseDocument(manifestSchema, manifestBytes, manifestKind)
  if (!equalBytes(documentPayload(headerSchema, manifest.header, headerKind), headerBytes)) throw invalid()
  const { pages, copy, spent, receipt, stored, bytes, sha256 } = manifest
  if (pages > limits.memoryPages || bytes > limits.stateBytes) throw tooLarge()
  const start = LENGTH_BYTES + manifestBytes.length
  const inflated = inflate(plain.subarray(start, start + stored), bytes)
  if (digestOf(inflated) !== sha256) throw invalid()
  return { pages, copy, spent, receipt, bytes: inflated }
}

function cut(box: Uint8Array) {
  if (!equalBytes(box.subarray(0, MAGIC.length), MAGIC)) throw malformed()
  const headerBytes = readWithLength(box, MAGIC.length)
  const nonceStart = MAGIC.length + LENGTH_BYTES + headerBytes.length
  const sealedStart = nonceStart + NONCE_BYTES
  if (box.length < sealedStart + SMALLEST_BUCKET + TAG_BYTES) throw malformed()
  return {
    header: parseDocument(headerSchema, headerBytes, headerKind),
    headerBytes,
    open: box.subarray(0, nonceStart),
    nonce: box.subarray(nonceStart, sealedStart),
    sealed: box.subarray(sealedStart),
  }
}

function requireExpected(header: StateHeader, { expected, notOlderThan = 0, now }: StateChecks): void {
  for (const field of ['fleet', 'mission', 'statement', 'kind', 'to'] as const)
    if (header[field] !== expected[field])
      throw new RefusedError('STATE_MISMATCH', `the state is sealed for another ${field === 'to' ? 'place' : field}`)
  if (header.engine !== expected.engine || header.abi !== expected.abi)
    throw new RefusedError('ENGINE_MISMATCH', 'the state is of another engine', {
      remedy: 'deploy every region of the fleet with one version',
    })
  if (header.sequence < notOlderThan)
    throw new RefusedError('STATE_STALE', `the state is of step ${header.sequence}, before ${notOlderThan}`)
  if (now >= header.expiresAt) throw new RefusedError('STATE_EXPIRED', 'the state has expired with its order')
}

function inflate(stored: Uint8Array, length: number): Uint8Array {
  try {
    return inflateExactly(stored, length)
  } catch {
    throw invalid()
  }
}

interface Sealing {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  /** Bound to the box, though not hidden in it. */
  readonly bound: Uint8Array
}

/** Wipes the key and the plain text. */
function encrypt({ key, nonce, bound }: Sealing, plain: Uint8Array): Uint8Array {
  const cipher = requireCrypto().createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(bound, { plaintextLength: plain.length })
  const sealed = concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag())
  key.fill(0)
  plain.fill(0)
  return sealed
}

/** Wipes the key. */
function decrypt({ key, nonce, bound }: Sealing, sealed: Uint8Array): Uint8Array {
  const tagStart = sealed.length - TAG_BYTES
  const decipher = requireCrypto().createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(bound, { plaintextLength: tagStart })
  decipher.setAuthTag(sealed.subarray(tagStart))
  try {
    const plain = decipher.update(sealed.subarray(0, tagStart))
    decipher.final()
    return plain
  } catch {
    throw invalid()
  } finally {
    key.fill(0)
  }
}

const nodeCrypto = globalThis.process?.getBuiltinModule?.('node:crypto')

function requireCrypto(): typeof import('node:crypto') {
  if (!nodeCrypto)
    throw new InternalError('sealing needs Node', { remedy: 'seal and open state in Node, not in a browser' })
  return nodeCrypto
}

/**
 * The size that a plain text of `length` bytes is padded to: Padmé, which costs at most 12 % and leaves an observer
 * O(log log n) bits of the length (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication
 * with PURBs", 2019, §4).
 */
export function bucketOf(length: number): number {
  if (length <= SMALLEST_BUCKET) return SMALLEST_BUCKET
  const exponent = Math.floor(Math.log2(length))
  const significant = Math.floor(Math.log2(exponent)) + 1
  const step = 2 ** (exponent - significant)
  return Math.ceil(length / step) * step
}

function padded(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(bucketOf(parts.reduce((length, part) => length + part.length, 0)))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

function withLength(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes)
}

function readWithLength(bytes: Uint8Array, start: number): Uint8Array {
  const end = start + LENGTH_BYTES + (((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0))
  if (bytes.length < end) throw malformed()
  return bytes.subarray(start + LENGTH_BYTES, end)
}

function malformed(): RefusedError {
  return new RefusedError('STATE_MALFORMED', 'the sealed state is malformed')
}

function invalid(): RefusedError {
  return new RefusedError('STATE_INVALID', 'the sealed state is not authentic')
}

function tooLarge(): RefusedError {
  return new RefusedError('STATE_TOO_LARGE', 'the state is larger than the limits stateBytes and memoryPages allow')
}
