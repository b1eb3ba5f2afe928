import { AwsError } from '../http/aws-error.ts'
import { decodeUri } from '../http/aws-uri.ts'
import { type Bucket, noSuchBucket } from './bucket.ts'
import { type Operation, requireBucket, type S3Call, xmlReply } from './call.ts'
import { checksumElements, parseAlgorithm } from './checksum-headers.ts'
import { decideRead, readConditions } from './conditions.ts'
import { type Ingested, ingest } from './ingest.ts'
import { keptHeaders, quote } from './object-headers.ts'
import { commitObject, plainObject, requireObject } from './objects.ts'
import { type ByteRange, planSlices } from './range.ts'
import type { Checksum, ChecksumAlgorithm, StoredObject } from './records.ts'
import { notImplemented } from './request-headers.ts'
import { buildXml } from './xml.ts'

export const copyObject: Operation = async (call) => {
  const { headers, key } = call
  const bucket = await requireBucket(call)
  const source = await openSource(call)
  const replaces = headers['x-amz-metadata-directive'] === 'REPLACE'
  if (!replaces && source.bucket === bucket && source.object.key === key)
    throw new AwsError('InvalidRequest', 'A copy of an object to itself must change its metadata.')
  const named = headers['x-amz-checksum-algorithm']
  const algorithm = named === undefined ? source.object.checksum?.algorithm : parseAlgorithm(named)
  const ingested = await ingestCopy(bucket, source, { start: 0, end: source.object.size }, algorithm)
  const kept = replaces ? keptHeaders(headers) : source.object.headers
  const copy = plainObject(key, ingested, kept, call.now())
  await commitObject(bucket, copy, readConditions(headers))
  return xmlReply(buildXml('CopyObjectResult', copyElements(copy)))
}

/** The source of a copy. */
export interface CopySource {
  readonly bucket: Bucket
  readonly object: StoredObject
}

/**
 * Finds the object that `x-amz-copy-source` names, in any region.
 *
 * @throws AwsError `InvalidArgument`, `NoSuchBucket`, `NoSuchKey`, `PreconditionFailed`.
 */
export async function openSource({ headers, storage }: S3Call): Promise<CopySource> {
  const [path = '', version] = headers['x-amz-copy-source']!.split('?')
  if (version !== undefined) throw notImplemented('versions of objects')
  const match = /^\/?([^/]+)\/(.+)$/s.exec(decodeUri(path))
  if (match === null)
    throw new AwsError('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey')
  const bucket = await storage.find(match[1]!)
  if (bucket === undefined) throw noSuchBucket(match[1]!)
  const object = requireObject(bucket, match[2]!)
  if (decideRead(readConditions(headers, 'x-amz-copy-source-'), object) === 'not-modified')
    throw new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
  return { bucket, object }
}

/** Copies bytes of a source into a new blob. */
export async function ingestCopy(
  bucket: Bucket,
  source: CopySource,
  range: ByteRange,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<Ingested> {
  using _pinned = source.bucket.blobs.pin(source.object.blobs)
  return await ingest(bucket, source.bucket.blobs.read(planSlices(source.object.blobs, range)), algorithm)
}

/** The result elements of CopyObject and UploadPartCopy. */
export function copyElements(copy: { etag: string; modifiedAt: number; checksum?: Checksum }) {
  return {
    ETag: quote(copy.etag),
    LastModified: new Date(copy.modifiedAt).toISOString(),
    ...checksumElements(copy.checksum),
  }
}
