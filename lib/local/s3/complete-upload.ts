import { createHash } from 'node:crypto'
import { AwsError } from '../http/aws-error.ts'
import type { OpenUpload } from './bucket-state.ts'
import { type Operation, requireBucket, xmlReply } from './call.ts'
import { checksumElements } from './checksum-headers.ts'
import { checksumHeader, combineCrc, compositeChecksum } from './checksums.ts'
import { readConditions, requireWritable } from './conditions.ts'
import { readDocument } from './documents.ts'
import { requireUpload } from './multipart.ts'
import { quote } from './object-headers.ts'
import type { Checksum, StoredObject, Upload, UploadedPart } from './records.ts'
import type { Headers } from './request-headers.ts'
import { buildXml, children, childText, malformedXml } from './xml.ts'

/** The least size of all parts but the last (S3 User Guide, "Amazon S3 multipart upload limits"). */
const MIN_PART_BYTES = 5 * 1024 * 1024

export const completeMultipartUpload: Operation = async (call) => {
  const bucket = await requireBucket(call)
  requireUpload(bucket, call)
  const wanted = parseWantedParts(await readDocument(call, 'CompleteMultipartUpload'))
  const upload = requireUpload(bucket, call)
  const parts = chooseParts(upload, wanted)
  const checksum = await objectChecksum(upload.checksum, parts)
  const object = assembleObject(upload, parts, checksum, call.now())
  verifyStated(call.headers, object)
  // There is no await between this check and the commit, so the check still holds at the commit.
  requireUnchanged(requireUpload(bucket, call), parts)
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

/** A part in a client's request to complete an upload. */
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
 * The parts that a completion names, in order.
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

function requirePart({ id, parts }: OpenUpload, wanted: WantedPart): UploadedPart {
  const part = parts.get(wanted.number)
  if (part === undefined || part.etag !== wanted.etag) throw invalidPart(id, wanted)
  return part
}

/** Checks that no chosen part was uploaded again in the meantime, because its blob would be removed. */
function requireUnchanged({ id, parts }: OpenUpload, chosen: readonly UploadedPart[]): void {
  const replaced = chosen.find((part) => parts.get(part.number) !== part)
  if (replaced !== undefined) throw invalidPart(id, replaced)
}

function invalidPart(uploadId: string, { number, etag }: WantedPart): AwsError {
  return new AwsError('InvalidPart', 'One or more of the specified parts could not be found.', {
    fields: { UploadId: uploadId, PartNumber: String(number), ETag: etag },
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

/** Checks the size and the checksum that a completion states. A composite checksum may lack the number of parts. */
function verifyStated(headers: Headers, { checksum, size }: StoredObject): void {
  const statedSize = headers['x-amz-mp-object-size']
  if (statedSize !== undefined && statedSize !== String(size))
    throw new AwsError('InvalidRequest', 'The provided x-amz-mp-object-size is not the size of the object.')
  if (checksum === undefined) return
  const { algorithm, value } = checksum
  const stated = headers[checksumHeader(algorithm)] ?? value
  if (stated !== value && stated !== value.replace(/-\d+$/, ''))
    throw new AwsError('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
}

/** Builds the object. Its etag is the MD5 of the parts' MD5s with the number of parts, as in S3. */
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
