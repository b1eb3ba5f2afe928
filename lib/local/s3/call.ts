import type { IncomingMessage, ServerResponse } from 'node:http'
import { AwsError } from '../http/aws-error.ts'
import { decodeUri, parseTarget } from '../http/aws-uri.ts'
import type { Authentication } from '../http/sigv4.ts'
import { type Bucket, noSuchBucket } from './bucket.ts'
import type { Storage } from './storage.ts'

/** The bucket and the key of a request. */
export interface Address {
  /** Empty for a request to the service itself. */
  readonly bucketName: string
  /** Empty for a request to a bucket. */
  readonly key: string
  readonly query: ReadonlyMap<string, string>
}

/** One authenticated request. */
export interface S3Call extends Address {
  readonly request: IncomingMessage
  /** Header fields by lower-case name, including those in the query of a presigned URL. */
  readonly headers: Readonly<Record<string, string>>
  readonly auth: Authentication
  readonly storage: Storage
  readonly now: () => number
}

/** A reply: its body is text, or a function that streams it and ends the response. */
export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | ((response: ServerResponse) => Promise<void>)
}

export type Operation = (call: S3Call) => Promise<Reply>

/** A reply that is an XML document. */
export function xmlReply(body: string, headers: Reply['headers'] = {}): Reply {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body }
}

/** S3 User Guide, "Creating object key names": at most 1,024 bytes of UTF-8. */
const MAX_KEY_BYTES = 1024

/**
 * Parses bucket and key from the path (`/bucket/key`), or with the bucket as the first label of the host
 * (`bucket.localhost`).
 *
 * @throws AwsError `InvalidURI`, `KeyTooLongError`.
 */
export function parseAddress({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): Address {
  const { rawPath, query } = parseTarget(url)
  const virtualBucket = /^(.+)\.localhost(?::\d+)?$/.exec(headers.host ?? '')?.[1]
  const path = virtualBucket === undefined ? rawPath.slice(1) : `${virtualBucket}${rawPath}`
  const mark = path.indexOf('/')
  const [bucket, key] = mark < 0 ? [path, ''] : [path.slice(0, mark), path.slice(mark + 1)]
  return { bucketName: decodeUri(bucket), key: requireShort(decodeUri(key)), query: new Map(query) }
}

function requireShort(key: string): string {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new AwsError('KeyTooLongError', 'Your key is too long', {
      fields: { Size: String(Buffer.byteLength(key)), MaxSizeAllowed: String(MAX_KEY_BYTES) },
    })
  return key
}

/**
 * The bucket of a call.
 *
 * @throws AwsError `NoSuchBucket`; `PermanentRedirect` if it is in another region
 */
export async function requireBucket({ storage, bucketName, auth }: S3Call): Promise<Bucket> {
  const bucket = await storage.find(bucketName)
  if (bucket === undefined) throw noSuchBucket(bucketName)
  if (bucket.region !== auth.region) throw elsewhere(bucket)
  return bucket
}

function elsewhere({ name, region }: Bucket): AwsError {
  return new AwsError('PermanentRedirect', `The bucket is in region ${region}: sign requests for that region.`, {
    fields: { Bucket: name, Region: region },
    headers: { 'x-amz-bucket-region': region },
  })
}
