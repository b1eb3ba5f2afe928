import { randomBytes } from 'node:crypto'
import { AwsError } from '../http/aws-error.ts'
import type { Bucket } from './bucket.ts'
import type { OpenUpload } from './bucket-state.ts'
import { type Operation, requireBucket, type S3Call, xmlReply } from './call.ts'
import { describeChecksum, parseAlgorithm } from './checksum-headers.ts'
import { isCombinable } from './checksums.ts'
import { copyElements, ingestCopy, openSource } from './copy.ts'
import { type Ingested, ingestBody } from './ingest.ts'
import { keptHeaders, quote } from './object-headers.ts'
import { type ByteRange, resolveRange } from './range.ts'
import type { Checksum, StoredObject, Upload, UploadedPart } from './records.ts'
import { buildXml } from './xml.ts'

/** S3 User Guide, "Amazon S3 multipart upload limits". */
const MAX_PART_NUMBER = 10_000

export const createMultipartUpload: Operation = async (call) => {
  const bucket = await requireBucket(call)
  const checksum = uploadChecksum(call.headers)
  const upload: Upload = {
    id: randomBytes(24).toString('base64url'),
    key: call.key,
    startedAt: call.now(),
    headers: keptHeaders(call.headers),
    ...(checksum === undefined ? {} : { checksum }),
  }
  await bucket.commit({ op: 'upload', upload })
  const answer = { Bucket: bucket.name, Key: call.key, UploadId: upload.id }
  return xmlReply(buildXml('InitiateMultipartUploadResult', answer), checksumChoiceHeaders(checksum))
}

/** CRC64NVME covers the whole object, SHA the parts, the other CRCs either (S3 User Guide, "Checking object integrity"). */
function uploadChecksum(headers: S3Call['headers']): Upload['checksum'] {
  const name = headers['x-amz-checksum-algorithm']
  if (name === undefined) return undefined
  const algorithm = parseAlgorithm(name)
  const type = headers['x-amz-checksum-type'] ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
  const fits = type === 'FULL_OBJECT' ? isCombinable(algorithm) : type === 'COMPOSITE' && algorithm !== 'CRC64NVME'
  if (!fits)
    throw new AwsError('InvalidRequest', `The ${type} checksum type cannot be used with the ${algorithm} algorithm.`)
  return { algorithm, type: type as Checksum['type'] }
}

function checksumChoiceHeaders(checksum: Upload['checksum']): Record<string, string> {
  if (checksum === undefined) return {}
  return { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type }
}

export const uploadPart: Operation = async (call) => {
  const bucket = await requireBucket(call)
  const upload = requireUpload(bucket, call)
  const number = readPartNumber(call)
  const part = toPart(number, await ingestBody(call, bucket, upload.checksum?.algorithm), call.now())
  await commitPart(bucket, call, part)
  const { etag, checksum } = part
  return {
    status: 200,
    headers: { etag: quote(etag), ...describeChecksum(checksum) },
  }
}

export const uploadPartCopy: Operation = async (call) => {
  const bucket = await requireBucket(call)
  const upload = requireUpload(bucket, call)
  const number = readPartNumber(call)
  const source = await openSource(call)
  const range = copyRange(call.headers['x-amz-copy-source-range'], source.object)
  const part = toPart(number, await ingestCopy(bucket, source, range, upload.checksum?.algorithm), call.now())
  await commitPart(bucket, call, part)
  return xmlReply(buildXml('CopyPartResult', copyElements(part)))
}

function copyRange(header: string | undefined, { size }: StoredObject): ByteRange {
  return resolveRange(header, size) ?? { start: 0, end: size }
}

function readPartNumber({ query }: S3Call): number {
  const number = Number(query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER)
    throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
  return number
}

function toPart(number: number, { blob, etag, checksum }: Ingested, modifiedAt: number): UploadedPart {
  return { number, etag, modifiedAt, blob, ...(checksum === undefined ? {} : { checksum }) }
}

/** Commits a part, if the upload still exists. */
async function commitPart(bucket: Bucket, call: S3Call, part: UploadedPart): Promise<void> {
  try {
    requireUpload(bucket, call)
  } catch (error) {
    await bucket.blobs.remove([part.blob])
    throw error
  }
  await bucket.commit({ op: 'part', upload: call.query.get('uploadId')!, part })
}

/** The upload of a call. @throws AwsError `NoSuchUpload` */
export function requireUpload(bucket: Bucket, { query, key }: S3Call): OpenUpload {
  const id = query.get('uploadId') ?? ''
  const upload = bucket.uploads.get(id)
  if (upload !== undefined && upload.key === key) return upload
  throw new AwsError('NoSuchUpload', 'The specified upload does not exist. It may have been aborted or completed.', {
    fields: { UploadId: id },
  })
}

export const abortMultipartUpload: Operation = async (call) => {
  const bucket = await requireBucket(call)
  await bucket.commit({ op: 'abort', upload: requireUpload(bucket, call).id })
  return { status: 204 }
}
