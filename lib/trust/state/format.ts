/**
 * What all formats of a sealed state share: the header, the descriptor, size limits, padding, and encryption with
 * ChaCha20-Poly1305.
 */

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
} from '../../bundle/document.ts'
import { compress, inflateExactly } from '../../encoding/brotli.ts'
import { concatBytes, equalBytes, utf8 } from '../../encoding/bytes.ts'
import { digestOf } from '../../encoding/digest.ts'
import { InternalError, RefusedError } from '../../errors.ts'
import { FORMAT_VERSION, FORMATS, requireVersion } from '../../format-version.ts'
import { type Limits, MAX_LIMITS } from '../../limits.ts'
import type { SealingContext } from '../fleet-secret.ts'

/** The part of a sealed state that anyone can read. */
export interface StateHeader extends SealingContext {
  /** When the order expires: milliseconds since 1970. */
  readonly expiresAt: number
}

/** The state of an agent between two places. */
export interface TravellingState {
  /** The memory that it needs, in WebAssembly pages. */
  readonly pages: number
  /**
   * For a copy of an agent: where its answer goes, and which of the agent's calls it runs. `call` is `null` once the
   * copy has started.
   */
  readonly copy: { readonly call: number | null; readonly origin: string } | null
  /** What the mission has used of each limit so far. The next place continues counting from here. */
  readonly spent: Limits
  /** The digest of the receipt of the landing that ends here; `null` if there is none. */
  readonly receipt: string | null
  /** The engine's snapshot, or the outcome of a copy as JSON. */
  readonly bytes: Uint8Array
}

const LENGTH_BYTES = 2
export const NONCE_BYTES = 12
export const TAG_BYTES = 16
const MAX_DOCUMENT_BYTES = 2048
export const SMALLEST_BUCKET = 4096

/** Data that does not compress becomes slightly larger. */
const MAX_STORED_BYTES = MAX_LIMITS.stateBytes + 4096

/** A place, then landing and number of each copy: `eu-west-1/0.2/3.0` is a copy of a copy. */
const BRANCH = /^[a-z0-9-]{1,64}(\/\d{1,9}\.\d{1,2}){0,16}$/

const headerSchema = v.strictObject({
  epoch: count(Number.MAX_SAFE_INTEGER),
  fleet: fleetName,
  mission: id,
  manifest: digest,
  branch: v.pipe(v.string(), v.regex(BRANCH)),
  kind: v.picklist(['agent', 'answer', 'record']),
  sequence: count(Number.MAX_SAFE_INTEGER),
  from: regionName,
  to: regionName,
  engine: digest,
  abi: count(65_535),
  expiresAt: time,
}) satisfies v.GenericSchema<unknown, StateHeader>

const descriptorSchema = v.strictObject({
  header: headerSchema,
  pages: count(MAX_LIMITS.memoryPages),
  copy: v.nullable(v.strictObject({ call: v.nullable(count(1024)), origin: regionName })),
  spent: limits,
  receipt: v.nullable(digest),
  stored: count(MAX_STORED_BYTES),
  bytes: count(MAX_LIMITS.stateBytes),
  sha256: digest,
})

/** Upper bound for everything but documents and state, in any format: magic, ephemeral key, signature. */
const MAX_FRAME_BYTES = 512

/** The largest sealed state that any limits allow. */
export const MAX_STATE_BYTES = MAX_FRAME_BYTES + MAX_DOCUMENT_BYTES + bucketOf(MAX_DOCUMENT_BYTES + MAX_STORED_BYTES)

const headerKind = {
  ...FORMATS.state,
  name: 'the header of the sealed state',
  code: 'STATE_MALFORMED',
  maxBytes: MAX_DOCUMENT_BYTES,
} as const
const descriptorKind = { ...headerKind, name: 'the descriptor of the sealed state' } as const

/** A fast Brotli quality: the heap of a small agent becomes 27 times smaller. A state is written and read only once. */
const QUALITY = 5
/** Above this size a faster quality is used: it takes 0.3 s instead of 2 s, for a quarter more bytes. */
const LARGE_BYTES = 1024 * 1024
const LARGE_QUALITY = 1

/** What a place checks a sealed state against. */
export interface StateChecks {
  /** This place, and mission and code of the order that came with the state. */
  readonly expected: Pick<SealingContext, 'fleet' | 'mission' | 'manifest' | 'kind' | 'to' | 'engine' | 'abi'>
  /** The landing that this place has reached. A state for an earlier landing is a replay. @default 0 */
  readonly notOlderThan?: number
  /** The limits of the run for state and memory. */
  readonly limits: Pick<Limits, 'stateBytes' | 'memoryPages'>
  readonly now: number
}

export interface OpenedState {
  readonly header: StateHeader
  readonly state: TravellingState
}

/** The first bytes of a sealed state: four characters for how it is protected, and the format version. */
export function preamble(magic: string): Uint8Array {
  return concatBytes(utf8(magic), Uint8Array.of(FORMAT_VERSION))
}

/** Whether a sealed state of any version begins with `magic`. */
export function hasMagic(sealed: Uint8Array, magic: string): boolean {
  return equalBytes(sealed.subarray(0, magic.length), utf8(magic))
}

/**
 * Checks the first bytes of a sealed state, before anything else in it is read.
 *
 * @returns where the rest begins
 * @throws RefusedError `STATE_MALFORMED` or `VERSION_UNSUPPORTED`
 */
export function requirePreamble(sealed: Uint8Array, magic: string): number {
  const version = sealed[magic.length]
  if (!hasMagic(sealed, magic) || version === undefined) throw malformed()
  requireVersion(version, FORMATS.state)
  return magic.length + 1
}

/** The bytes of a header, as a sealed state contains them. @throws RefusedError `STATE_MALFORMED` */
export function headerPayload(header: StateHeader): Uint8Array {
  return documentPayload(headerSchema, header, headerKind)
}

/** @throws RefusedError `STATE_MALFORMED` */
export function parseHeader(payload: Uint8Array): StateHeader {
  return parseDocument(headerSchema, payload, headerKind)
}

/** A state before encryption: its descriptor, and its compressed bytes. */
export interface PackedState {
  readonly descriptor: Uint8Array
  readonly stored: Uint8Array
}

/**
 * Compresses a state and describes it.
 *
 * @param digested which bytes the digest in the descriptor covers: those of the state, or the compressed ones
 * @throws RefusedError `STATE_MALFORMED` for a header or counters out of their bounds, `STATE_TOO_LARGE`
 */
export function packState(header: StateHeader, state: TravellingState, digested: 'bytes' | 'stored'): PackedState {
  if (state.bytes.length > MAX_LIMITS.stateBytes) throw tooLarge()
  const stored = compress(state.bytes, { quality: state.bytes.length > LARGE_BYTES ? LARGE_QUALITY : QUALITY })
  const { pages, copy, spent, receipt, bytes } = state
  const sha256 = digestOf(digested === 'bytes' ? bytes : stored)
  const document = { header, pages, copy, spent, receipt, stored: stored.length, bytes: bytes.length, sha256 }
  return { descriptor: documentPayload(descriptorSchema, document, descriptorKind), stored }
}

/** What a descriptor contains. */
export type StateDescriptor = v.InferOutput<typeof descriptorSchema>

/** @throws RefusedError `STATE_MALFORMED` */
export function parseDescriptor(payload: Uint8Array): StateDescriptor {
  return parseDocument(descriptorSchema, payload, descriptorKind)
}

/** The plain text to encrypt: descriptor, compressed bytes, and zeros up to the size of the bucket. */
export function plainText({ descriptor, stored }: PackedState): Uint8Array {
  return padded(withLength(descriptor), stored)
}

/**
 * Reads the plain text of a state that has been authenticated.
 *
 * @param headerBytes the unencrypted header, which the descriptor must repeat
 * @throws RefusedError `STATE_MALFORMED`, `STATE_TOO_LARGE`, `STATE_INVALID`
 */
export function readPlainText(
  plain: Uint8Array,
  headerBytes: Uint8Array,
  limits: StateChecks['limits'],
): TravellingState {
  const descriptorBytes = readWithLength(plain, 0)
  const descriptor = parseDescriptor(descriptorBytes)
  if (!equalBytes(headerPayload(descriptor.header), headerBytes)) throw invalid()
  requireRoom(descriptor, limits)
  const start = LENGTH_BYTES + descriptorBytes.length
  const bytes = inflate(plain.subarray(start, start + descriptor.stored), descriptor.bytes)
  if (digestOf(bytes) !== descriptor.sha256) throw invalid()
  return stateOf(descriptor, bytes)
}

/** @throws RefusedError `STATE_TOO_LARGE` */
export function requireRoom({ pages, bytes }: StateDescriptor, limits: StateChecks['limits']): void {
  if (pages > limits.memoryPages || bytes > limits.stateBytes) throw tooLarge()
}

export function stateOf({ pages, copy, spent, receipt }: StateDescriptor, bytes: Uint8Array): TravellingState {
  return { pages, copy, spent, receipt, bytes }
}

export function requireExpected(header: StateHeader, { expected, notOlderThan = 0, now }: StateChecks): void {
  for (const field of ['fleet', 'mission', 'manifest', 'kind', 'to'] as const)
    if (header[field] !== expected[field])
      throw new RefusedError('STATE_MISMATCH', `the state is sealed for another ${field === 'to' ? 'place' : field}`)
  if (header.engine !== expected.engine || header.abi !== expected.abi)
    throw new RefusedError('ENGINE_MISMATCH', 'the state was made by another engine', {
      remedy: 'deploy every region of the fleet with one version',
    })
  if (header.sequence < notOlderThan)
    throw new RefusedError(
      'STATE_STALE',
      `the state is for landing ${header.sequence}, and this place has reached landing ${notOlderThan}`,
    )
  if (now >= header.expiresAt) throw new RefusedError('STATE_EXPIRED', 'the state has expired with its order')
}

export function inflate(stored: Uint8Array, length: number): Uint8Array {
  try {
    return inflateExactly(stored, length)
  } catch {
    throw invalid()
  }
}

export interface Sealing {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  /** Authenticated, but not encrypted. */
  readonly bound: Uint8Array
}

/** Wipes the key and the plain text. */
export function encrypt({ key, nonce, bound }: Sealing, plain: Uint8Array): Uint8Array {
  const cipher = requireCrypto().createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(bound, { plaintextLength: plain.length })
  const sealed = concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag())
  key.fill(0)
  plain.fill(0)
  return sealed
}

/** Wipes the key. */
export function decrypt({ key, nonce, bound }: Sealing, sealed: Uint8Array): Uint8Array {
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
    throw new InternalError('sealing needs Node', { remedy: 'seal and open states in Node, not in a browser' })
  return nodeCrypto
}

/**
 * The size that a plain text of `length` bytes is padded to. Padmé adds at most 12 % and shows an observer only
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

export function withLength(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes)
}

export function readWithLength(bytes: Uint8Array, start: number): Uint8Array {
  const end = start + LENGTH_BYTES + (((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0))
  if (bytes.length < end) throw malformed()
  return bytes.subarray(start + LENGTH_BYTES, end)
}

export function malformed(): RefusedError {
  return new RefusedError('STATE_MALFORMED', 'the sealed state is malformed')
}

export function invalid(): RefusedError {
  return new RefusedError('STATE_INVALID', 'the sealed state is not authentic')
}

export function tooLarge(): RefusedError {
  return new RefusedError('STATE_TOO_LARGE', 'the state is larger than the limits stateBytes and memoryPages allow')
}
