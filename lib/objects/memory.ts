import { createHash } from 'node:crypto'
import { bucketNotFound, objectChanged, objectNotFound } from './object-errors.ts'
import { compareKeys } from './object-keys.ts'
import { checkRange, planParts } from './read-plan.ts'
import type { ListQuery, ObjectRef, ObjectStat, ObjectStore, ReadRequest } from './store.ts'

/** What a store in memory holds at first. */
export interface MemoryStoreOptions {
  /** The objects at the start, by bucket and key. Strings are stored as UTF-8. @default {} */
  readonly buckets?: Readonly<Record<string, Readonly<Record<string, Uint8Array | string>>>>
}

export interface MemoryStore extends ObjectStore {
  /** Stores a copy of `body` and replaces an existing object. Creates the bucket if it does not exist. */
  put(bucket: string, key: string, body: Uint8Array | string): void
}

interface StoredObject extends ObjectStat {
  readonly body: Uint8Array
}

type Buckets = Map<string, Map<string, StoredObject>>

const CHUNK_BYTES = 64 * 1024

/**
 * A store of objects in memory, for tests and for small data.
 *
 * @example
 * const store = createMemoryStore({ buckets: { logs: { '2026/a.txt': 'hello' } } })
 * const { size } = await store.stat({ bucket: 'logs', key: '2026/a.txt' }) // 5
 */
export function createMemoryStore({ buckets = {} }: MemoryStoreOptions = {}): MemoryStore {
  const held: Buckets = new Map()
  for (const [bucket, objects] of Object.entries(buckets)) {
    held.set(bucket, new Map())
    for (const [key, body] of Object.entries(objects)) putObject(held, bucket, key, body)
  }
  return {
    put: (bucket, key, body) => putObject(held, bucket, key, body),
    stat: async (ref, signal) => {
      signal?.throwIfAborted()
      return toStat(findObject(held, ref))
    },
    list: (query) => listObjects(held, query),
    read: (request) => readObject(held, request),
  }
}

function putObject(held: Buckets, bucket: string, key: string, content: Uint8Array | string): void {
  const body = typeof content === 'string' ? new TextEncoder().encode(content) : content.slice()
  const etag = createHash('sha256').update(body).digest('hex')
  const objects = held.get(bucket) ?? new Map<string, StoredObject>()
  held.set(bucket, objects.set(key, { bucket, key, size: body.length, etag, body }))
}

function findBucket(held: Buckets, bucket: string): Map<string, StoredObject> {
  const objects = held.get(bucket)
  if (!objects) throw bucketNotFound(bucket)
  return objects
}

function findObject(held: Buckets, ref: ObjectRef): StoredObject {
  const object = findBucket(held, ref.bucket).get(ref.key)
  if (!object) throw objectNotFound(ref)
  return object
}

function toStat({ bucket, key, size, etag }: ObjectStat): ObjectStat {
  return { bucket, key, size, etag }
}

async function* listObjects(held: Buckets, { bucket, prefix = '', signal }: ListQuery): AsyncGenerator<ObjectStat> {
  const objects = [...findBucket(held, bucket).values()].filter(({ key }) => key.startsWith(prefix))
  for (const object of objects.sort((a, b) => compareKeys(a.key, b.key))) {
    signal?.throwIfAborted()
    yield toStat(object)
  }
}

/** Reads the version that exists at the start, as a GET from S3 does. A later put does not change what it yields. */
async function* readObject(held: Buckets, request: ReadRequest): AsyncGenerator<Uint8Array> {
  const { body, size, etag } = findObject(held, request)
  if (etag !== request.etag) throw objectChanged(request)
  checkRange(request, size)
  for (const { start, end } of planParts(request.start, request.end, () => CHUNK_BYTES)) {
    request.signal?.throwIfAborted()
    yield body.slice(start, end)
  }
}
