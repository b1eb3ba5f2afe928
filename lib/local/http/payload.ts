/**
 * Reads the body of a request and checks its signature and its length while it streams. A failed check throws at the end
 * of the stream, so callers must not keep anything of the body before the stream has ended.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { AwsError } from './aws-error.ts'
import { ByteReader, incompleteBody } from './byte-reader.ts'
import { type ChunkSigner, equalHex, type PayloadCheck } from './sigv4.ts'

export interface Payload {
  /** The body without framing. It throws an {@link AwsError} if a check fails. */
  readonly chunks: AsyncIterable<Buffer>
  /** Trailers by lower-case name. They are complete when `chunks` has ended. */
  readonly trailers: ReadonlyMap<string, string>
  /** Bytes of the body without framing, if the request states it. */
  readonly length: number | undefined
}

type BodyRequest = Pick<IncomingMessage, 'headers' | 'iterator'>

/**
 * Opens the body of an authenticated request.
 *
 * @example
 * ```ts
 * const { chunks } = openPayload(request, authenticate(request, { credentials }).payload)
 * for await (const chunk of chunks) hash.update(chunk)
 * ```
 */
export function openPayload(request: BodyRequest, check: PayloadCheck): Payload {
  const trailers = new Map<string, string>()
  const length = lengthOf(request, check)
  // If a caller stops reading early, the request can still be drained, and the connection can still be answered.
  const body = request.iterator({ destroyOnReturn: false })
  const content =
    check.kind === 'chunked'
      ? decodeChunks(body, check, trailers)
      : check.kind === 'sha256'
        ? verifySha256(body, check.digest)
        : body
  return { chunks: length === undefined ? content : verifyLength(content, length), trailers, length }
}

function lengthOf({ headers }: BodyRequest, { kind }: PayloadCheck): number | undefined {
  const stated = kind === 'chunked' ? headers['x-amz-decoded-content-length'] : headers['content-length']
  if (stated === undefined) return undefined
  if (typeof stated !== 'string' || !/^\d{1,15}$/.test(stated))
    throw new AwsError('InvalidArgument', 'x-amz-decoded-content-length must be a number of bytes')
  return Number(stated)
}

async function* verifyLength(content: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer> {
  let seen = 0
  for await (const chunk of content) {
    seen += chunk.length
    if (seen > length) throw incompleteBody()
    yield chunk
  }
  if (seen < length) throw incompleteBody()
}

async function* verifySha256(content: AsyncIterable<Buffer>, digest: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const chunk of content) {
    hash.update(chunk)
    yield chunk
  }
  if (!equalHex(digest, hash.digest('hex')))
    throw new AwsError('XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match.")
}

/**
 * Removes the aws-chunked framing (Amazon S3 API Reference, "Transferring payload in multiple chunks"):
 * `size;chunk-signature=…CRLF data CRLF` for each chunk, an empty chunk, trailers, and an empty line.
 */
async function* decodeChunks(
  body: AsyncIterable<Buffer>,
  { signer, trailers: mayTrail }: PayloadCheck & { kind: 'chunked' },
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  await using reader = new ByteReader(body)
  let previous = signer?.seed ?? ''
  for (;;) {
    const { size, signature } = parseChunkHeader(await reader.line())
    const hash = signer === undefined ? undefined : createHash('sha256')
    for await (const piece of reader.bytes(size)) {
      hash?.update(piece)
      yield piece
    }
    if (signer !== undefined) {
      requireSignature(signer.signChunk(previous, hash!.digest('hex')), signature)
      previous = signature
    }
    if (size === 0) break
    if ((await reader.line()) !== '') throw incompleteBody()
  }
  await readTrailers(reader, trailers)
  if (!mayTrail && trailers.size > 0) throw malformedTrailer()
  if (mayTrail && signer !== undefined) verifyTrailers(signer, previous, trailers)
}

function parseChunkHeader(line: string): { size: number; signature: string } {
  const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line)
  if (match === null) throw incompleteBody()
  return { size: Number.parseInt(match[1]!, 16), signature: match[2] ?? '' }
}

/** The most trailers of a body. Clients send only one checksum and one signature. */
const MAX_TRAILERS = 16

async function readTrailers(reader: ByteReader, trailers: Map<string, string>): Promise<void> {
  for (;;) {
    const line = await reader.line()
    if (line === '') return
    const mark = line.indexOf(':')
    if (mark < 1 || trailers.size >= MAX_TRAILERS) throw malformedTrailer()
    trailers.set(line.slice(0, mark).trim().toLowerCase(), line.slice(mark + 1).trim())
  }
}

const TRAILER_SIGNATURE = 'x-amz-trailer-signature'

function verifyTrailers(signer: ChunkSigner, previous: string, trailers: ReadonlyMap<string, string>): void {
  const signed = [...trailers].filter(([name]) => name !== TRAILER_SIGNATURE)
  const text = signed.map(([name, value]) => `${name}:${value}\n`).join('')
  const digest = createHash('sha256').update(text, 'latin1').digest('hex')
  requireSignature(signer.signTrailers(previous, digest), trailers.get(TRAILER_SIGNATURE) ?? '')
}

function requireSignature(expected: string, actual: string): void {
  if (!equalHex(expected, actual))
    throw new AwsError('SignatureDoesNotMatch', 'A chunk signature we calculated does not match the one you provided.')
}

function malformedTrailer(): AwsError {
  return new AwsError('MalformedTrailerError', 'The request contained trailing data that was not well-formed.')
}
