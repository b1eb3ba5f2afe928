import { createHash } from 'node:crypto'
import { compareKeys } from './keys.ts'
import { bucketNotFound, objectChanged, objectNotFound } from './object-errors.ts'
import { checkRange, planParts } from './plan.ts'
import type { ListQuery, ObjectRef, ObjectStat, ObjectStore, ReadRequest } from './store.ts'

/** What a store in memory holds at first. */
export interface MemoryStoreOptions {
  /** Objects by bucket and key; strings are stored as UTF-8. @default {} */
  readonly buckets?: Readonly<Record<string, Readonly<Record<string, Uint8Array | string>>>>
}

export interface MemoryStore extends ObjectStore {
  /** Stores a copy of `body`, in place of what the key held. Makes the bucket if it is new. */
  put(bucket: string, key: string, body: Uint8Array | string): void
}

interface StoredObject extends ObjectStat {
  readonly body: Uint8Array
}

type Buckets = Map<string, Map<string, StoredObject>>

const CHUNK_BYTES = 64 * 1024

/**
 * Objects in memory: for tests and for data that is small anyway.
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

/** Reads from the version found at the start, as a GET from S3 does: a later put is not seen. */
async function* readObject(held: Buckets, request: ReadRequest): AsyncGenerator<Uint8Array> {
  const { body, size, etag } = findObject(held, request)
  if (etag !== request.etag) throw objectChanged(request)
  checkRange(request, size)
  for (const { start, end } of planParts(request.start, request.end, () => CHUNK_BYTES)) {
    request.signal?.throwIfAborted()
    yield body.slice(start, end)
  }
}
