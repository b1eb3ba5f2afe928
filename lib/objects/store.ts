/**
 * The port to objects. Everything that reads data reads it through an {@link ObjectStore}: S3 in a region, a folder,
 * memory in tests. `scopeStore` narrows one to what a manifest and a key's policy allow, before the sandbox sees it.
 */

/** The name of an object. */
export interface ObjectRef {
  readonly bucket: string
  readonly key: string
}

/** An object as it was seen: a later read with this `etag` fails rather than mix two versions. */
export interface ObjectStat extends ObjectRef {
  /** Bytes. */
  readonly size: number
  /** Opaque, without quotes. */
  readonly etag: string
}

/** Which objects of a bucket to list. */
export interface ListQuery {
  readonly bucket: string
  /** Keys start with this; empty lists the whole bucket. @default '' */
  readonly prefix?: string
  readonly signal?: AbortSignal
}

export interface ReadRequest extends ObjectRef {
  /** The version to read, from an earlier {@link ObjectStat}. Another version fails with `OBJECT_CHANGED`. */
  readonly etag: string
  /** First byte. */
  readonly start: number
  /** One past the last byte, at most the object's size. With `end === start` the read is checked and yields nothing. */
  readonly end: number
  readonly signal?: AbortSignal
}

/**
 * Read access to objects.
 *
 * Every method throws an `ObjectError` with a stable code; an aborted one throws the signal's reason instead. Keys
 * come in ascending order of their UTF-8 bytes, as S3 lists them. Chunks arrive in order, cover exactly
 * `[start, end)`, are never empty and belong to the receiver, who may write to them but must not assume that a chunk
 * spans its whole `ArrayBuffer`. A read fails before its first chunk if the object is missing, changed or shorter.
 */
export interface ObjectStore {
  /** The object as it is now. */
  stat(ref: ObjectRef, signal?: AbortSignal): Promise<ObjectStat>
  /** The objects of a bucket, or below a prefix, in the order of their keys. */
  list(query: ListQuery): AsyncIterable<ObjectStat>
  /** The bytes of one version of an object, in chunks. */
  read(request: ReadRequest): AsyncIterable<Uint8Array>
}
