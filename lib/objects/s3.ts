import { Agent as HttpsAgent } from 'node:https'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { untilAborted } from './abort.ts'
import { drainBody } from './drain-body.ts'
import { hasCode, objectChanged, objectNotFound } from './object-errors.ts'
import { isKey } from './object-keys.ts'
import { PartSizes } from './part-sizes.ts'
import { type Deliver, readInOrder } from './parts-in-order.ts'
import {
  backoffMs,
  checkRange,
  type Part,
  parseContentRange,
  planParts,
  rangeHeader,
  remainingPart,
} from './read-plan.ts'
import { type S3Target, storeFailed, toObjectError } from './s3-errors.ts'
import type { ListQuery, ObjectRef, ObjectStat, ObjectStore, ReadRequest } from './store.ts'

export interface S3ClientOptions {
  /** @default the region of the environment or the profile */
  readonly region?: string
  /** A URL other than AWS's. The bucket is then part of the path. @default `AWS_ENDPOINT_URL`, or AWS */
  readonly endpoint?: string
  /** Authorities (PEM) that the client trusts, and no others. @default those that Node trusts */
  readonly ca?: string
  /** @default the SDK's chain: environment, profile, role */
  readonly credentials?: S3ClientConfig['credentials']
  /** How often a request is retried after a transient failure. @default 3 */
  readonly maxRetries?: number
  /** How long a connection may be silent before its request counts as failed. @default 20_000 */
  readonly idleTimeoutMs?: number
  /** The request handler of another client, to share its connections. @default a new one */
  readonly requestHandler?: S3Client['config']['requestHandler']
}

export interface S3StoreOptions extends S3ClientOptions {
  /** A client to use, from {@link createS3Client}. The options for a new client are then ignored. */
  readonly client?: S3Client
  /**
   * Bytes of one GET of a read; {@link PartSizes} makes them larger if they arrive fast. At most as many bytes of each
   * GET are buffered. @default 8 MiB; AWS recommends 8 to 16 MiB
   */
  readonly partBytes?: number
  /**
   * Parallel GETs of one read. Each gets 85 to 90 MB/s ("Performance design patterns for Amazon S3"). More than twice
   * 8 MiB in flight costs CPU time, because the bytes no longer fit into the processor's caches.
   *
   * @default 2
   */
  readonly concurrency?: number
  /** How often a GET is resumed after its body broke off, from the byte where it stopped. @default 3 */
  readonly maxRetries?: number
}

export interface S3Store extends ObjectStore {
  /** Closes the connections, unless the caller passed the client in. */
  close(): void
}

/** The most open sockets of a client, which bounds all its reads together. */
const MAX_SOCKETS = 128
const CONNECT_TIMEOUT_MS = 5_000

/**
 * An S3 client for large reads: it keeps connections open, has enough sockets, and gives up on silent connections. It
 * does not verify checksums of answers, because S3 has none for a range of an object, and others would cost a copy.
 */
export function createS3Client(options: S3ClientOptions = {}): S3Client {
  const { region, endpoint, ca, credentials, maxRetries = 3, idleTimeoutMs = 20_000 } = options
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS }
  return new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts: maxRetries + 1,
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: options.requestHandler ?? {
      httpAgent: agent,
      // An agent and not its options: for `Expect: 100-continue` the SDK would make one without `ca`.
      httpsAgent: ca === undefined ? agent : new HttpsAgent({ ...agent, ca }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: idleTimeoutMs,
    },
  })
}

/**
 * A store of the objects in one region's S3.
 *
 * A read of up to `partBytes` is one GET. A larger read is several GETs of ranges in parallel, delivered in order. Each
 * GET requires the version that the caller saw (`If-Match`), so a read fails if the object changes during it.
 *
 * @example
 * const store = createS3Store({ region: 'eu-west-1' })
 * const object = await store.stat({ bucket: 'logs-eu', key: '2026/a.csv' })
 * for await (const chunk of store.read({ ...object, start: 0, end: object.size })) count += chunk.length
 */
export function createS3Store(options: S3StoreOptions = {}): S3Store {
  const { client = createS3Client(options), partBytes = 8 * 2 ** 20, concurrency = 2, maxRetries = 3 } = options
  const sizes = new PartSizes(partBytes)
  const observe = (bytes: number, ms: number) => sizes.observe(bytes, ms)
  return {
    stat: (ref, signal) => statObject(client, ref, signal),
    list: (query) => listObjects(client, query),
    async *read(given) {
      const request = { ...given }
      checkRange(request)
      if (!isKey(request.key)) throw objectNotFound(request)
      if (request.start === request.end) return await checkVersion(client, request)
      yield* readInOrder(
        planParts(request.start, request.end, () => sizes.next),
        (part, deliver, signal) => fetchPart(client, request, part, { deliver, observe, maxRetries, signal }),
        { concurrency, waitingBytes: ({ start, end }) => sizes.waiting(end - start), signal: request.signal },
      )
    },
    close() {
      if (options.client === undefined) client.destroy()
    },
  }
}

async function statObject(client: S3Client, ref: ObjectRef, signal?: AbortSignal, etag?: string): Promise<ObjectStat> {
  const { bucket, key } = ref
  if (!isKey(key)) throw objectNotFound(ref)
  const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ...(etag === undefined ? {} : ifMatch(etag)) })
  try {
    const { ContentLength, ETag } = await ask(client, ref, signal, (options) => client.send(command, options))
    return toStat(ref, ContentLength, ETag)
  } catch (error) {
    if (hasCode(error, 'OBJECT_NOT_FOUND')) await checkBucket(client, bucket, signal)
    throw error
  }
}

/**
 * Tells a missing bucket from a missing object, because the 404 of a HEAD has no body. A caller without permission to
 * head the bucket gets the error about the object.
 */
async function checkBucket(client: S3Client, bucket: string, signal?: AbortSignal): Promise<void> {
  const command = new HeadBucketCommand({ Bucket: bucket })
  try {
    await ask(client, { bucket }, signal, (options) => client.send(command, options))
  } catch (error) {
    if (hasCode(error, 'BUCKET_NOT_FOUND')) throw error
  }
}

/** Checks a read of an empty range without a GET, because HTTP has no empty range. */
async function checkVersion(client: S3Client, request: ReadRequest): Promise<void> {
  const { size, etag } = await statObject(client, request, request.signal, request.etag)
  if (etag !== request.etag) throw objectChanged(request)
  checkRange(request, size)
}

/** Lists with URL-encoded keys, because XML can't represent some characters that a key may have. */
async function* listObjects(client: S3Client, { bucket, prefix = '', signal }: ListQuery): AsyncGenerator<ObjectStat> {
  let token: string | undefined
  do {
    const page: ListObjectsV2CommandOutput = await ask(client, { bucket }, signal, (options) => {
      const input = { Bucket: bucket, Prefix: prefix, EncodingType: 'url', ContinuationToken: token } as const
      return client.send(new ListObjectsV2Command(input), options)
    })
    for (const { Key = '', Size, ETag } of page.Contents ?? []) {
      signal?.throwIfAborted()
      yield toStat({ bucket, key: decodeKey(Key, page.EncodingType) }, Size, ETag)
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}

function decodeKey(key: string, encoding: string | undefined): string {
  return encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key
}

function toStat({ bucket, key }: ObjectRef, size: number | undefined, etag: string | undefined): ObjectStat {
  if (size === undefined || etag === undefined) throw storeFailed({ bucket, key }, 'its answer has no size or no ETag')
  return { bucket, key, size, etag: bareEtag(etag) }
}

function bareEtag(etag: string): string {
  return etag.replace(/^"(.*)"$/, '$1')
}

function ifMatch(etag: string): { IfMatch: string } {
  return { IfMatch: `"${etag}"` }
}

interface FetchOptions {
  readonly deliver: Deliver
  readonly observe: (bytes: number, ms: number) => void
  readonly maxRetries: number
  readonly signal: AbortSignal
}

/**
 * Fetches one part. If the body breaks off, it resumes at the byte where it stopped, so no byte is delivered twice. If
 * the connection timed out while the reader had paused it, that does not count as a retry, and it resumes when the
 * reader has room.
 */
async function fetchPart(client: S3Client, request: ReadRequest, part: Part, options: FetchOptions): Promise<void> {
  const { maxRetries, signal } = options
  let rest = part
  for (let retry = 0; ; ) {
    const body = await openBody(client, request, rest, signal)
    const { received, failure, held } = await drainBody(body, { ...options, wanted: rest.end - rest.start })
    rest = remainingPart(rest, received)
    if (rest.start === rest.end) return
    if (held) await untilAborted(held, signal)
    else if (retry === maxRetries) throw storeFailed(request, `the body broke off ${retry + 1} times`, failure)
    else await sleep(backoffMs(retry++, Math.random), undefined, { signal })
  }
}

async function openBody(client: S3Client, request: ReadRequest, part: Part, signal: AbortSignal): Promise<Readable> {
  const { bucket, key, etag } = request
  const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: rangeHeader(part), ...ifMatch(etag) })
  const answer = await ask(client, { bucket, key, ...part }, signal, (options) => client.send(command, options))
  const body = answer.Body as Readable
  try {
    checkAnswer(answer, request, part)
    return body
  } catch (error) {
    body.destroy()
    throw error
  }
}

/** Checks that the server obeyed `If-Match` and `Range`. Some S3-compatible servers don't, and would send wrong bytes. */
function checkAnswer({ ETag, ContentRange }: GetObjectCommandOutput, request: ReadRequest, part: Part): void {
  if (ETag === undefined || bareEtag(ETag) !== request.etag) throw objectChanged(request)
  const sent = parseContentRange(ContentRange)
  if (!sent) throw storeFailed(request, 'its answer to a range request has no Content-Range')
  checkRange(request, sent.size)
  if (sent.start !== part.start || sent.end !== part.end)
    throw storeFailed(request, 'it sent another range than requested')
}

/** Sends one request and converts its errors to those of the port. */
async function ask<T>(
  client: S3Client,
  target: S3Target,
  signal: AbortSignal | undefined,
  send: (options: { abortSignal?: AbortSignal }) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  try {
    return await untilAborted(send(signal ? { abortSignal: signal } : {}), signal)
  } catch (error) {
    signal?.throwIfAborted()
    throw toObjectError(error, target, await client.config.region())
  }
}
