/** What the local S3 remembers: the lines of a bucket's journal are made of these. Times are milliseconds. */

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256'

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  /** Base64; a composite one ends in `-` and the number of parts. */
  readonly value: string
  /** Over the whole object, or over the checksums of its parts. */
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

/** A run of bytes in a file of its own. Blobs never change. */
export interface Blob {
  readonly id: string
  readonly size: number
}

/** A version of an object: it is replaced, never changed. */
export interface StoredObject {
  readonly key: string
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  readonly modifiedAt: number
  /** What goes back out with the object as it came in: `content-type`, `x-amz-meta-*` and their like. */
  readonly headers: Readonly<Record<string, string>>
  readonly checksum?: Checksum
  /** The bytes, in order: one blob of a plain put, one a part of a multipart upload. */
  readonly blobs: readonly Blob[]
  /** Whether the blobs are the parts of a multipart upload. */
  readonly multipart: boolean
}

export interface UploadedPart {
  readonly number: number
  readonly etag: string
  readonly modifiedAt: number
  readonly checksum?: Checksum
  readonly blob: Blob
}

/** A multipart upload as it was created. */
export interface Upload {
  readonly id: string
  readonly key: string
  readonly startedAt: number
  readonly headers: Readonly<Record<string, string>>
  readonly checksum?: Pick<Checksum, 'algorithm' | 'type'>
}

/** What can happen to a bucket. */
export type BucketEvent =
  | { readonly op: 'create'; readonly version: 1; readonly at: number }
  | { readonly op: 'put'; readonly object: StoredObject }
  | { readonly op: 'delete'; readonly key: string }
  | { readonly op: 'upload'; readonly upload: Upload }
  | { readonly op: 'part'; readonly upload: string; readonly part: UploadedPart }
  | { readonly op: 'complete'; readonly upload: string; readonly object: StoredObject }
  | { readonly op: 'abort'; readonly upload: string }
