import { createHash, randomBytes } from 'node:crypto'
import { AwsError } from '../http/aws-error.ts'
import type { Bucket } from './bucket.ts'
import type { OpenUpload } from './bucket-state.ts'
import { type Operation, requireBucket, type S3Call, xmlReply } from './call.ts'
import { describeChecksum, parseAlgorithm } from './checksum-headers.ts'
import { combineCrc, compositeChecksum, isCombinable } from './checksums.ts'
import { readConditions, requireWritable } from './conditions.ts'
import { copyElements, ingestCopy, openSource } from './copy.ts'
import { readDocument } from './documents.ts'
import { type Ingested, ingestBody } from './ingest.ts'
import { keptHeaders, quote } from './object-headers.ts'
import { type ByteRange, resolveRange } from './range.ts'
import type { Checksum, StoredObject, Upload, UploadedPart } from './records.ts'
import { buildXml, children, childText, malformedXml } from './xml.ts'
import { checksumElements } from './xml-elements.ts'

/** S3 User Guide, "Amazon S3 multipart upload limits". */
const MAX_PART_NUMBER = 10_000
/** The same; only the last part may be smaller. */
const MIN_PART_BYTES = 5 * 1024 * 1024

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

/** The upload may have ended while the part was on its way. */
async function commitPart(bucket: Bucket, call: S3Call, part: UploadedPart): Promise<void> {
  try {
    requireUpload(bucket, call)
  } catch (error) {
    await bucket.blobs.remove([part.blob])
    throw error
  }
  await bucket.commit({ op: 'part', upload: call.query.get('uploadId')!, part })
}

/** @throws AwsError `NoSuchUpload`. */
export function requireUpload(bucket: Bucket, { query, key }: S3Call): OpenUpload {
  const id = query.get('uploadId') ?? ''
  const upload = bucket.uploads.get(id)
  if (upload !== undefined && upload.key === key) return upload
  throw new AwsError('NoSuchUpload', 'The specified upload does not exist. It may have been aborted or completed.', {
    fields: { UploadId: id },
  })
}

export const completeMultipartUpload: Operation = async (call) => {
  const bucket = await requireBucket(call)
  requireUpload(bucket, call)
  const wanted = parseWantedParts(await readDocument(call, 'CompleteMultipartUpload'))
  const upload = requireUpload(bucket, call)
  const parts = chooseParts(upload, wanted)
  const checksum = await objectChecksum(upload.checksum, parts)
  verifyStated(call.headers, checksum)
  const object = assembleObject(upload, parts, checksum, call.now())
  requireUpload(bucket, call) // nothing is awaited from here to the commit
  requireWritable(readConditions(call.headers), bucket.objects.get(call.key))
  await bucket.commit({ op: 'complete', upload: upload.id, object })
  const answer = {
    Location: `/${bucket.name}/${call.key}`,
    Bucket: bucket.name,
    Key: call.key,
    ETag: quote(object.etag),
  }
  return xmlReply(buildXml('CompleteMultipartUploadResult', { ...answer, ...checksumElements(checksum) }))
}

/** A part as the client names it in a completion. */
interface WantedPart {
  readonly number: number
  readonly etag: string
}

function parseWantedParts(document: unknown): WantedPart[] {
  const parts = children(document, 'Part').map((element) => ({
    number: Number(childText(element, 'PartNumber')),
    etag: (childText(element, 'ETag') ?? '').replaceAll('"', ''),
  }))
  if (parts.length === 0) throw malformedXml()
  return parts
}

/**
 * The parts a completion names, in its order.
 *
 * @throws AwsError `InvalidPart`, `InvalidPartOrder`, `EntityTooSmall`.
 */
function chooseParts(upload: OpenUpload, wanted: readonly WantedPart[]): UploadedPart[] {
  if (wanted.some(({ number }, i) => i > 0 && number <= wanted[i - 1]!.number))
    throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.')
  const parts = wanted.map((part) => requirePart(upload, part))
  const small = parts.slice(0, -1).find((part) => part.blob.size < MIN_PART_BYTES)
  if (small === undefined) return parts
  throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
    fields: { PartNumber: String(small.number), ProposedSize: String(small.blob.size) },
  })
}

function requirePart({ id, parts }: OpenUpload, { number, etag }: WantedPart): UploadedPart {
  const part = parts.get(number)
  if (part !== undefined && part.etag === etag) return part
  throw new AwsError('InvalidPart', 'One or more of the specified parts could not be found.', {
    fields: { UploadId: id, PartNumber: String(number), ETag: etag },
  })
}

async function objectChecksum(
  chosen: Upload['checksum'],
  parts: readonly UploadedPart[],
): Promise<Checksum | undefined> {
  if (chosen === undefined) return undefined
  const { algorithm, type } = chosen
  const values = parts.map((part) => requirePartChecksum(part, algorithm))
  if (type === 'COMPOSITE') return { algorithm, type, value: await compositeChecksum(algorithm, values) }
  const value = values.reduce((sum, next, i) => combineCrc(algorithm, sum, next, parts[i]!.blob.size))
  return { algorithm, type, value }
}

function requirePartChecksum({ number, checksum }: UploadedPart, algorithm: Checksum['algorithm']): string {
  if (checksum?.algorithm === algorithm) return checksum.value
  throw new AwsError(
    'InvalidRequest',
    `The upload was created using the ${algorithm} checksum; part ${number} was not.`,
  )
}

/** A completion may state the checksum that the whole object must have. */
function verifyStated(headers: S3Call['headers'], checksum: Checksum | undefined): void {
  if (checksum === undefined) return
  for (const [name, value] of Object.entries(describeChecksum(checksum))) {
    const stated = headers[name]
    if (stated !== undefined && stated !== value && `${stated}-${checksum.value.split('-')[1]}` !== value)
      throw new AwsError('BadDigest', `The ${name} you specified did not match the calculated checksum.`)
  }
}

/** S3's entity tag of many parts: the MD5 of their MD5s, and their number. */
function assembleObject(
  upload: Upload,
  parts: readonly UploadedPart[],
  checksum: Checksum | undefined,
  modifiedAt: number,
): StoredObject {
  const md5 = createHash('md5')
  for (const part of parts) md5.update(part.etag, 'hex')
  return {
    key: upload.key,
    size: parts.reduce((sum, part) => sum + part.blob.size, 0),
    etag: `${md5.digest('hex')}-${parts.length}`,
    modifiedAt,
    headers: upload.headers,
    ...(checksum === undefined ? {} : { checksum }),
    blobs: parts.map((part) => part.blob),
    multipart: true,
  }
}

export const abortMultipartUpload: Operation = async (call) => {
  const bucket = await requireBucket(call)
  await bucket.commit({ op: 'abort', upload: requireUpload(bucket, call).id })
  return { status: 204 }
}
