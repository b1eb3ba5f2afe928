import { concatBytes, equalBytes, utf8 } from '../encoding/bytes.ts'
import { RefusedError } from '../errors.ts'
import { FORMAT_VERSION, FORMATS, requireVersion } from '../format-version.ts'
import { type Entry, MAX_BUNDLE_BYTES, type Manifest } from './manifest.ts'

/** A packed agent that has not been signed. */
export interface Bundle {
  readonly manifest: Manifest
  /** The compressed bytes of each entry, by name. */
  readonly parts: ReadonlyMap<string, Uint8Array>
}

/** The two parts of a signed bundle's file. Neither has been verified. */
export interface SignedBundle {
  /** The manifest's envelope in binary form. */
  readonly envelope: Uint8Array
  /** The compressed entries, one after the other, in the order of the manifest. */
  readonly body: Uint8Array
}

// magic "LAND" | format version, 1 byte | length of the envelope, 2 bytes, big-endian | envelope | body
const MAGIC = utf8('LAND')
const HEADER_BYTES = MAGIC.length + 3

/**
 * Encodes the file of a signed bundle: 7 bytes of header, the envelope, and the compressed entries.
 *
 * @throws RefusedError `BUNDLE_TOO_LARGE` for more than 8 MB
 */
export function encodeSignedBundle({
  envelope,
  parts,
}: {
  envelope: Uint8Array
  parts: Iterable<Uint8Array>
}): Uint8Array {
  const length = Uint8Array.of(envelope.length >> 8, envelope.length & 0xff)
  const file = concatBytes(MAGIC, Uint8Array.of(FORMAT_VERSION), length, envelope, ...parts)
  requireSize(file)
  return file
}

/**
 * Splits a signed bundle's file into envelope and body. {@link splitParts} splits the body. It needs the manifest's
 * entries, which must be verified first.
 *
 * @throws RefusedError `BUNDLE_TOO_LARGE`, `BUNDLE_TRUNCATED`, `BUNDLE_MALFORMED` or `VERSION_UNSUPPORTED`
 */
export function decodeSignedBundle(file: Uint8Array): SignedBundle {
  requireSize(file)
  requireLength(file, HEADER_BYTES)
  if (!equalBytes(file.subarray(0, MAGIC.length), MAGIC))
    throw new RefusedError('BUNDLE_MALFORMED', 'the file is not a signed bundle')
  requireVersion(file[MAGIC.length]!, FORMATS.bundle)
  const bodyStart = HEADER_BYTES + ((file[5]! << 8) | file[6]!)
  requireLength(file, bodyStart)
  return { envelope: file.subarray(HEADER_BYTES, bodyStart), body: file.subarray(bodyStart) }
}

/**
 * Splits the body into the compressed entries, by name.
 *
 * @throws RefusedError `BUNDLE_TRUNCATED`, or `BUNDLE_MALFORMED` if bytes follow the last entry
 */
export function splitParts(body: Uint8Array, entries: readonly Entry[]): Map<string, Uint8Array> {
  const parts = new Map<string, Uint8Array>()
  let start = 0
  for (const { name, stored } of entries) {
    requireLength(body, start + stored)
    parts.set(name, body.subarray(start, start + stored))
    start += stored
  }
  if (start < body.length) throw new RefusedError('BUNDLE_MALFORMED', 'bytes follow the last part of the bundle')
  return parts
}

function requireSize(file: Uint8Array): void {
  if (file.length > MAX_BUNDLE_BYTES)
    throw new RefusedError('BUNDLE_TOO_LARGE', `the bundle has ${file.length} bytes, more than ${MAX_BUNDLE_BYTES}`)
}

function requireLength(bytes: Uint8Array, length: number): void {
  if (bytes.length < length) throw new RefusedError('BUNDLE_TRUNCATED', 'the bundle ends too early')
}
