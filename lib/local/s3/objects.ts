import { AwsError } from '../http/aws-error.ts'
import type { Bucket } from './bucket.ts'
import { type Operation, type Reply, requireBucket, type S3Call } from './call.ts'
import { describeChecksum } from './checksum-headers.ts'
import { type Conditions, decideRead, readConditions, requireWritable } from './conditions.ts'
import { type Ingested, ingestBody } from './ingest.ts'
import { describeObject, keptHeaders, overriddenHeaders, quote } from './object-headers.ts'
import { type ByteRange, planSlices, resolveRange } from './range.ts'
import type { StoredObject } from './records.ts'
import { notImplemented } from './request-headers.ts'
import { sendSlices } from './send-object.ts'

export const putObject: Operation = async (call) => {
  const { key, headers } = call
  const bucket = await requireBucket(call)
  const conditions = readConditions(headers)
  requireWritable(conditions, bucket.objects.get(key)) // before the body comes, and again when it is there
  const kept = keptHeaders(headers)
  const object = plainObject(key, await ingestBody(call, bucket), kept, call.now())
  await commitObject(bucket, object, conditions)
  return { status: 200, headers: { etag: quote(object.etag), ...describeChecksum(object.checksum) } }
}

/** An object with a single blob. */
export function plainObject(
  key: string,
  { blob, etag, checksum }: Ingested,
  headers: StoredObject['headers'],
  modifiedAt: number,
): StoredObject {
  const object = { key, size: blob.size, etag, modifiedAt, headers, blobs: [blob], multipart: false }
  return checksum === undefined ? object : { ...object, checksum }
}

/** Commits an object if the conditions hold. There is no await between check and commit, so there is no race. */
export async function commitObject(bucket: Bucket, object: StoredObject, conditions: Conditions): Promise<void> {
  try {
    requireWritable(conditions, bucket.objects.get(object.key))
  } catch (error) {
    await bucket.blobs.remove(object.blobs)
    throw error
  }
  await bucket.commit({ op: 'put', object })
}

export const getObject: Operation = async (call) => {
  const bucket = await requireBucket(call)
  const object = requireObject(bucket, call.key)
  const { reply, range } = describeRead(call, object)
  if (range === undefined) return reply
  const slices = planSlices(object.blobs, range)
  const pin = bucket.blobs.pin(object.blobs)
  return {
    ...reply,
    async body(response) {
      using _pinned = pin
      await sendSlices(response, bucket.blobs, slices)
    },
  }
}

export const headObject: Operation = async (call) => {
  const bucket = await requireBucket(call)
  return describeRead(call, requireObject(bucket, call.key)).reply
}

/** The object of a key. @throws AwsError `NoSuchKey` */
export function requireObject(bucket: Bucket, key: string): StoredObject {
  const object = bucket.objects.get(key)
  if (object === undefined)
    throw new AwsError('NoSuchKey', 'The specified key does not exist.', { fields: { Key: key } })
  return object
}

/** The status, the headers and the range of a read's answer. There is no range if the object is not modified. */
function describeRead({ headers, query }: S3Call, object: StoredObject): { reply: Reply; range?: ByteRange } {
  const described = describeObject(object)
  if (decideRead(readConditions(headers), object) === 'not-modified')
    return { reply: { status: 304, headers: { etag: described.etag!, 'last-modified': described['last-modified']! } } }
  const part = partRange(query.get('partNumber'), object)
  const range = part ?? resolveRange(headers.range, object.size)
  const { start, end } = range ?? { start: 0, end: object.size }
  const wantsChecksum = headers['x-amz-checksum-mode'] === 'ENABLED' && range === undefined
  return {
    range: { start, end },
    reply: {
      status: range === undefined ? 200 : 206,
      headers: {
        ...described,
        ...overriddenHeaders(query),
        'content-length': String(end - start),
        ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${object.size}` }),
        ...(wantsChecksum ? describeChecksum(object.checksum) : {}),
        ...(part !== undefined && object.multipart ? { 'x-amz-mp-parts-count': String(object.blobs.length) } : {}),
      },
    },
  }
}

/** The range of one part of a multipart object. Any other object counts as its own first part. */
function partRange(partNumber: string | undefined, { blobs }: StoredObject): ByteRange | undefined {
  if (partNumber === undefined) return undefined
  const index = Number(partNumber) - 1
  const part = blobs[index]
  if (part === undefined) throw new AwsError('InvalidRange', 'The requested partnumber is not satisfiable')
  const start = blobs.slice(0, index).reduce((sum, blob) => sum + blob.size, 0)
  return { start, end: start + part.size }
}

export const deleteObject: Operation = async (call) => {
  const bucket = await requireBucket(call)
  if (call.headers['if-match'] !== undefined) throw notImplemented('if-match')
  await removeObject(bucket, call.key)
  return { status: 204 }
}

/** Removes an object. Removing a missing object succeeds, as in S3. */
export async function removeObject(bucket: Bucket, key: string): Promise<void> {
  if (bucket.objects.get(key) !== undefined) await bucket.commit({ op: 'delete', key })
}
