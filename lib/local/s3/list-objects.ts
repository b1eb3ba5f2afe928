import { AwsError } from '../http/aws-error.ts'
import type { Bucket } from './bucket.ts'
import { type Operation, requireBucket, type S3Call, xmlReply } from './call.ts'
import { listPage, type Page, type PageQuery } from './list-page.ts'
import { quote } from './object-headers.ts'
import { keyEncoder, readCount } from './query.ts'
import { buildXml, type Xml } from './xml.ts'

/** The most keys of a page, even if the client asks for more (S3 API Reference, ListObjectsV2). */
const MAX_KEYS = 1000

/** ListObjectsV2. A continuation token is the last key or common prefix of the previous page, in base64url. */
export const listObjectsV2: Operation = async (call) => {
  const bucket = await requireBucket(call)
  const { query } = call
  const encode = keyEncoder(query)
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  const after = token === undefined ? (startAfter ?? '') : decodeToken(token)
  const pageQuery = readPageQuery(query, after)
  const page = listPage(bucket.objects, pageQuery)
  return listReply({
    ...describeListing(call, pageQuery, page),
    ContinuationToken: token,
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
    KeyCount: page.keys.length + page.commonPrefixes.length,
    NextContinuationToken: page.next === undefined ? undefined : encodeToken(page.next),
    ...describeEntries(call, bucket, page),
  })
}

/** ListObjects, version 1: a marker is a key or a common prefix. */
export const listObjects: Operation = async (call) => {
  const bucket = await requireBucket(call)
  const { query } = call
  const marker = query.get('marker') ?? ''
  const pageQuery = readPageQuery(query, marker)
  const page = listPage(bucket.objects, pageQuery)
  const tellsNext = page.next !== undefined && pageQuery.delimiter !== ''
  return listReply({
    ...describeListing(call, pageQuery, page),
    Marker: keyEncoder(query)(marker),
    NextMarker: tellsNext ? keyEncoder(query)(page.next!) : undefined,
    ...describeEntries(call, bucket, page),
  })
}

function listReply(content: { readonly [name: string]: Xml }) {
  return xmlReply(buildXml('ListBucketResult', content))
}

function readPageQuery(query: S3Call['query'], after: string): PageQuery {
  return { prefix: query.get('prefix') ?? '', delimiter: query.get('delimiter') ?? '', after, limit: maxKeys(query) }
}

function maxKeys(query: S3Call['query']): number {
  return Math.min(MAX_KEYS, readCount(query, 'max-keys', MAX_KEYS))
}

function describeListing({ bucketName, query }: S3Call, { prefix, delimiter, limit }: PageQuery, page: Page) {
  const encode = keyEncoder(query)
  return {
    Name: bucketName,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: limit,
    EncodingType: query.get('encoding-type'),
    IsTruncated: page.next !== undefined,
  }
}

function describeEntries({ query }: S3Call, { objects }: Bucket, { keys, commonPrefixes }: Page) {
  const encode = keyEncoder(query)
  return {
    Contents: keys.map((key) => {
      const { modifiedAt, etag, size, checksum } = objects.get(key)!
      return {
        Key: encode(key),
        LastModified: new Date(modifiedAt).toISOString(),
        ETag: quote(etag),
        ChecksumAlgorithm: checksum?.algorithm,
        ChecksumType: checksum?.type,
        Size: size,
        StorageClass: 'STANDARD',
      }
    }),
    CommonPrefixes: commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  }
}

function encodeToken(last: string): string {
  return Buffer.from(last).toString('base64url')
}

/** Decodes a continuation token. @throws AwsError `InvalidArgument` */
function decodeToken(token: string): string {
  const last = Buffer.from(token, 'base64url').toString('utf8')
  if (token === '' || encodeToken(last) !== token)
    throw new AwsError('InvalidArgument', 'The continuation token provided is incorrect')
  return last
}
