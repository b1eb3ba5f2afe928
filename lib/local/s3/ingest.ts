import { createHash } from 'node:crypto'
import { AwsError } from '../http/aws-error.ts'
import { openPayload } from '../http/payload.ts'
import type { Bucket } from './bucket.ts'
import type { S3Call } from './call.ts'
import { requestedAlgorithm, trailerNames } from './checksum-headers.ts'
import { checksumHeader, createChecksum } from './checksums.ts'
import type { Blob, Checksum, ChecksumAlgorithm } from './records.ts'

/** A checked blob on disk that no object references yet. */
export interface Ingested extends BodyDigests {
  readonly blob: Blob
}

/** The largest put, and the largest part (S3 User Guide, "Uploading objects"). */
const MAX_PUT_BYTES = 5 * 1024 ** 3

/**
 * Streams the body of a request into a new blob and checks it against the headers and trailers. If a check fails or the
 * client disconnects, the blob is removed.
 *
 * @param fallback the checksum to compute if the request names none
 * @throws AwsError `BadDigest`, `InvalidDigest`, `MissingContentLength`, `EntityTooLarge`, and errors of the payload's
 * checks
 */
export async function ingestBody(call: S3Call, bucket: Bucket, fallback?: ChecksumAlgorithm): Promise<Ingested> {
  const { request, headers, auth } = call
  const payload = openPayload(request, auth.payload)
  if (payload.length === undefined)
    throw new AwsError('MissingContentLength', 'You must provide the Content-Length HTTP header.')
  if (payload.length > MAX_PUT_BYTES)
    throw new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size')

  const ingested = await ingest(bucket, payload.chunks, requestedAlgorithm(headers) ?? fallback)
  try {
    verifyDigests(headers, payload.trailers, ingested)
    return ingested
  } catch (error) {
    await bucket.blobs.remove([ingested.blob])
    throw error
  }
}

/** Streams bytes into a new blob and computes their digests. */
export async function ingest(
  bucket: Bucket,
  chunks: AsyncIterable<Buffer>,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<Ingested> {
  const md5 = createHash('md5')
  const checksum = algorithm === undefined ? undefined : createChecksum(algorithm)
  const blob = await bucket.blobs.write(chunks, (chunk) => {
    md5.update(chunk)
    checksum?.update(chunk)
  })
  const etag = md5.digest('hex')
  if (checksum === undefined) return { blob, etag }
  return {
    blob,
    etag,
    checksum: { algorithm: checksum.algorithm, value: await checksum.digest(), type: 'FULL_OBJECT' },
  }
}

/** The digests and the size of a body. */
export interface BodyDigests {
  /** MD5, lower-case hex. */
  readonly etag: string
  readonly checksum?: Checksum
}

/**
 * Compares the digests that a request states with those of the received body.
 *
 * @throws AwsError `BadDigest`, `InvalidDigest`, `MalformedTrailerError`.
 */
export function verifyDigests(
  headers: S3Call['headers'],
  trailers: ReadonlyMap<string, string>,
  { etag, checksum }: BodyDigests,
): void {
  verifyMd5(headers['content-md5'], etag)
  if (checksum !== undefined) verifyChecksum(headers, trailers, checksum)
}

function verifyMd5(header: string | undefined, actual: string): void {
  if (header === undefined) return
  const expected = Buffer.from(header, 'base64')
  if (expected.length !== 16) throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid')
  if (expected.toString('hex') !== actual)
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.')
}

function verifyChecksum(
  headers: S3Call['headers'],
  trailers: ReadonlyMap<string, string>,
  { algorithm, value }: Checksum,
): void {
  const name = checksumHeader(algorithm)
  const promised = trailerNames(headers).includes(name)
  const expected = headers[name] ?? trailers.get(name)
  if (expected === undefined && promised)
    throw new AwsError('MalformedTrailerError', `The request promised the trailer ${name} and did not send it.`)
  if (expected !== undefined && expected !== value)
    throw new AwsError('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
}
