/**
 * The port to objects. Everything that reads data reads it through an {@link ObjectStore}: S3 in a region, a folder,
 * memory in tests. `scoped` narrows one to what a statement and a key's policy allow, before the sandbox sees it.
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
  /** One past the last byte. */
  readonly end: number
  readonly signal?: AbortSignal
}

/**
 * Read access to objects.
 *
 * Every method throws an `ObjectError` with a stable code. Keys come in ascending order of their UTF-8 bytes, as S3
 * lists them. Chunks arrive in order, cover exactly `[start, end)`, are never empty and belong to the receiver.
 */
export interface ObjectStore {
  stat(ref: ObjectRef, signal?: AbortSignal): Promise<ObjectStat>
  list(query: ListQuery): AsyncIterable<ObjectStat>
  read(request: ReadRequest): AsyncIterable<Uint8Array>
}
