/**
 * The port to objects. All data is read through an {@link ObjectStore}: S3 in a region, a folder, or memory in tests.
 * `scopeStore` restricts a store to the scopes of the manifest, the order and the key policy before an agent gets it.
 */

/** The bucket and the key of an object. */
export interface ObjectRef {
  readonly bucket: string
  readonly key: string
}

/** An object with its version. A read with this `etag` fails if the object changed, so that versions never mix. */
export interface ObjectStat extends ObjectRef {
  /** Bytes. */
  readonly size: number
  /** Opaque, without quotes. */
  readonly etag: string
}

/** Which objects of a bucket to list. */
export interface ListQuery {
  readonly bucket: string
  /** Only keys that start with this are listed. @default '', the whole bucket */
  readonly prefix?: string
  readonly signal?: AbortSignal
}

export interface ReadRequest extends ObjectRef {
  /** The version to read, from an {@link ObjectStat}. If the object changed, the read fails with `OBJECT_CHANGED`. */
  readonly etag: string
  /** The first byte. */
  readonly start: number
  /** One past the last byte, at most the object's size. If it equals `start`, the read checks and yields nothing. */
  readonly end: number
  readonly signal?: AbortSignal
}

/**
 * Read access to objects.
 *
 * Methods throw an `ObjectError` with a stable code; an aborted method throws the signal's reason. Keys are listed in
 * ascending order of their UTF-8 bytes, as S3 does. Chunks arrive in order, cover exactly `[start, end)` and are never
 * empty. The receiver owns a chunk and may write to it, but the chunk may be only a part of its `ArrayBuffer`. A read
 * fails before its first chunk if the object is missing, changed or shorter.
 */
export interface ObjectStore {
  /** The object as it is now. */
  stat(ref: ObjectRef, signal?: AbortSignal): Promise<ObjectStat>
  /** The objects of a bucket, or below a prefix, in the order of their keys. */
  list(query: ListQuery): AsyncIterable<ObjectStat>
  /** The bytes of one version of an object, in chunks. */
  read(request: ReadRequest): AsyncIterable<Uint8Array>
}
