/** The records in the lines of a bucket's journal. Times are in milliseconds. */

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256'

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  /** Base64. A composite checksum ends with `-` and the number of parts. */
  readonly value: string
  /** Whether it covers the whole object, or the checksums of its parts. */
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

/** A file with bytes of an object. Blobs never change. */
export interface Blob {
  readonly id: string
  readonly size: number
}

/** A version of an object. Versions are replaced and never changed. */
export interface StoredObject {
  readonly key: string
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  readonly modifiedAt: number
  /** Headers that are stored and returned with the object, such as `content-type` and `x-amz-meta-*`. */
  readonly headers: Readonly<Record<string, string>>
  readonly checksum?: Checksum
  /** The blobs in order: one for a put, or one for each part of a multipart upload. */
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

/** A multipart upload, with the settings of its creation. */
export interface Upload {
  readonly id: string
  readonly key: string
  readonly startedAt: number
  readonly headers: Readonly<Record<string, string>>
  readonly checksum?: Pick<Checksum, 'algorithm' | 'type'>
}

/** A change of a bucket. */
export type BucketEvent =
  | { readonly op: 'create'; readonly version: 1; readonly at: number }
  | { readonly op: 'put'; readonly object: StoredObject }
  | { readonly op: 'delete'; readonly key: string }
  | { readonly op: 'upload'; readonly upload: Upload }
  | { readonly op: 'part'; readonly upload: string; readonly part: UploadedPart }
  | { readonly op: 'complete'; readonly upload: string; readonly object: StoredObject }
  | { readonly op: 'abort'; readonly upload: string }
