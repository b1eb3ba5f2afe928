import { compareKeys } from '../../objects/object-keys.ts'
import { AwsError } from '../http/aws-error.ts'
import type { OpenUpload } from './bucket-state.ts'
import { type Operation, requireBucket, xmlReply } from './call.ts'
import { checksumElements } from './checksum-headers.ts'
import { requireUpload } from './multipart.ts'
import { quote } from './object-headers.ts'
import { keyEncoder, readCount } from './query.ts'
import { buildXml } from './xml.ts'

/** The most entries of a page (S3 API Reference, ListParts and ListMultipartUploads). */
const MAX_PAGE = 1000

export const listParts: Operation = async (call) => {
  const bucket = await requireBucket(call)
  const { query, key, auth } = call
  const upload = requireUpload(bucket, call)
  const marker = readCount(query, 'part-number-marker', 0)
  const limit = Math.min(MAX_PAGE, readCount(query, 'max-parts', MAX_PAGE))
  const rest = [...upload.parts.values()].filter(({ number }) => number > marker).sort((a, b) => a.number - b.number)
  const page = rest.slice(0, limit)
  return xmlReply(
    buildXml('ListPartsResult', {
      Bucket: bucket.name,
      Key: key,
      UploadId: upload.id,
      Owner: { ID: auth.accessKeyId },
      Initiator: { ID: auth.accessKeyId },
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.number,
      MaxParts: limit,
      IsTruncated: rest.length > page.length,
      Part: page.map((part) => ({
        PartNumber: part.number,
        LastModified: new Date(part.modifiedAt).toISOString(),
        ETag: quote(part.etag),
        Size: part.blob.size,
        ...partChecksum(part.checksum),
      })),
    }),
  )
}

/** The checksum elements of a part, which has no checksum type. */
function partChecksum(checksum: Parameters<typeof checksumElements>[0]): Record<string, string> {
  const { ChecksumType: _, ...elements } = checksumElements(checksum)
  return elements
}

export const listMultipartUploads: Operation = async (call) => {
  const bucket = await requireBucket(call)
  const { query, auth } = call
  const encode = keyEncoder(query)
  const prefix = query.get('prefix') ?? ''
  const keyMarker = query.get('key-marker') ?? ''
  const idMarker = query.get('upload-id-marker') ?? ''
  const limit = Math.min(MAX_PAGE, readCount(query, 'max-uploads', MAX_PAGE))
  if (query.has('delimiter')) throw new AwsError('NotImplemented', 'The local S3 lists uploads without a delimiter')
  const rest = [...bucket.uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix) && isAfter(upload, keyMarker, idMarker))
    .sort(compareUploads)
  const page = rest.slice(0, limit)
  const more = rest.length > page.length ? page.at(-1) : undefined
  return xmlReply(
    buildXml('ListMultipartUploadsResult', {
      Bucket: bucket.name,
      KeyMarker: encode(keyMarker),
      UploadIdMarker: idMarker,
      NextKeyMarker: more === undefined ? undefined : encode(more.key),
      NextUploadIdMarker: more?.id,
      Prefix: encode(prefix),
      EncodingType: query.get('encoding-type'),
      MaxUploads: limit,
      IsTruncated: more !== undefined,
      Upload: page.map((upload) => ({
        Key: encode(upload.key),
        UploadId: upload.id,
        Initiated: new Date(upload.startedAt).toISOString(),
        StorageClass: 'STANDARD',
        Owner: { ID: auth.accessKeyId },
        Initiator: { ID: auth.accessKeyId },
        ChecksumAlgorithm: upload.checksum?.algorithm,
        ChecksumType: upload.checksum?.type,
      })),
    }),
  )
}

/** Compares uploads by key, then by id. */
function compareUploads(a: OpenUpload, b: OpenUpload): number {
  return compareKeys(a.key, b.key) || compareKeys(a.id, b.id)
}

function isAfter(upload: OpenUpload, keyMarker: string, idMarker: string): boolean {
  if (keyMarker === '') return true
  const order = compareKeys(upload.key, keyMarker)
  return order > 0 || (order === 0 && idMarker !== '' && compareKeys(upload.id, idMarker) > 0)
}
