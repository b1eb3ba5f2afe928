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
import { isKey } from './keys.ts'
import { hasCode, objectChanged, objectNotFound } from './object-errors.ts'
import { PartSizes } from './part-sizes.ts'
import { type Deliver, readInOrder } from './parts-in-order.ts'
import { backoffMs, checkRange, type Part, parseContentRange, planParts, rangeHeader, remainingPart } from './plan.ts'
import { type S3Target, storeFailed, toObjectError } from './s3-errors.ts'
import type { ListQuery, ObjectRef, ObjectStat, ObjectStore, ReadRequest } from './store.ts'

export interface S3ClientOptions {
  /** @default what the environment or the profile says */
  readonly region?: string
  /** A URL other than AWS's own; buckets are then named in its path. @default `AWS_ENDPOINT_URL`, or AWS */
  readonly endpoint?: string
  /** Certificates (PEM), one of which must have signed the endpoint's. @default those that Node trusts */
  readonly ca?: string
  /** @default the SDK's chain: environment, profile, role */
  readonly credentials?: S3ClientConfig['credentials']
  /** Repeats of a request that failed in a way that may pass. @default 3 */
  readonly maxRetries?: number
  /** How long a connection may be silent before its request counts as failed. @default 20_000 */
  readonly idleTimeoutMs?: number
  /** The connections of another client, to share. @default connections of its own */
  readonly requestHandler?: S3Client['config']['requestHandler']
}

export interface S3StoreOptions extends S3ClientOptions {
  /** A client to share, best made by {@link createS3Client}; the options that make one are then unused. */
  readonly client?: S3Client
  /**
   * A read is cut into GETs of this size, larger ones where they come fast ({@link PartSizes}). As many bytes of each
   * wait for the reader at most. @default 8 MiB, as AWS advises (8 to 16 MiB)
   */
  readonly partBytes?: number
  /**
   * GETs of one read that are under way at a time. AWS counts on 85 to 90 MB/s from each ("Performance design patterns
   * for Amazon S3"). More bytes under way than twice 8 MiB cost CPU, since they leave the processor's caches.
   *
   * @default 2
   */
  readonly concurrency?: number
  /** Times that a GET whose body broke off is taken up again, from the byte where it stopped. @default 3 */
  readonly maxRetries?: number
}

export interface S3Store extends ObjectStore {
  /** Ends the connections, unless the client was passed in. */
  close(): void
}

/** Sockets a client may hold open, which bounds all reads together. */
const MAX_SOCKETS = 128
const CONNECT_TIMEOUT_MS = 5_000

/**
 * A client fit for reading much: kept connections, enough sockets, no silence without end. Checksums of answers are
 * left to TLS and TCP: S3 has none for a range of an object, and elsewhere they would cost a copy.
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
      // An agent and not its options: for large uploads the SDK would make one of its own, which does not know `ca`.
      httpsAgent: ca === undefined ? agent : new HttpsAgent({ ...agent, ca }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: idleTimeoutMs,
    },
  })
}

/**
 * The objects of one region's S3.
 *
 * A read up to `partBytes` is one GET. A larger one is several ranges side by side, delivered in order; every one
 * asks for the version the caller saw (`If-Match`), so an object that changes half way fails the read.
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

/** A HEAD's 404 has no body to say what is missing. Whoever may not ask for the bucket hears of the object. */
async function checkBucket(client: S3Client, bucket: string, signal?: AbortSignal): Promise<void> {
  const command = new HeadBucketCommand({ Bucket: bucket })
  try {
    await ask(client, { bucket }, signal, (options) => client.send(command, options))
  } catch (error) {
    if (hasCode(error, 'BUCKET_NOT_FOUND')) throw error
  }
}

/** The checks of a read that has no bytes to ask for: HTTP knows no empty range. */
async function checkVersion(client: S3Client, request: ReadRequest): Promise<void> {
  const { size, etag } = await statObject(client, request, request.signal, request.etag)
  if (etag !== request.etag) throw objectChanged(request)
  checkRange(request, size)
}

/** Keys are asked for URL-encoded, since XML has no way to write some characters that a key may have. */
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
  if (size === undefined || etag === undefined) throw storeFailed({ bucket, key }, 'an answer without size or ETag')
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
 * Fetches one part. A body that breaks off is taken up again where it stopped, so no byte comes twice. That it was
 * given up while the reader kept it waiting is no failure of S3's, and taken up once there is room.
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

/** Not every server that speaks S3 heeds `If-Match` and `Range`; one that does not must not pass wrong bytes off. */
function checkAnswer({ ETag, ContentRange }: GetObjectCommandOutput, request: ReadRequest, part: Part): void {
  if (ETag === undefined || bareEtag(ETag) !== request.etag) throw objectChanged(request)
  const sent = parseContentRange(ContentRange)
  if (!sent) throw storeFailed(request, 'the answer to a range request names no range')
  checkRange(request, sent.size)
  if (sent.start !== part.start || sent.end !== part.end) throw storeFailed(request, 'another range than was asked for')
}

/** Sends one request; whatever fails comes out in the words of the port. */
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
