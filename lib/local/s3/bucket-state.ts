import { KeyIndex } from './key-index.ts'
import type { Blob, BucketEvent, StoredObject, Upload, UploadedPart } from './records.ts'

/** A multipart upload with its parts by number. */
export interface OpenUpload extends Upload {
  readonly parts: Map<number, UploadedPart>
}

/** The state of a bucket, which its journal determines. */
export interface BucketState {
  createdAt: number
  objects: KeyIndex<StoredObject>
  readonly uploads: Map<string, OpenUpload>
}

/** Replays a journal. It sorts the keys once at the end, which is faster than inserting each in order. */
export function replay(events: Iterable<BucketEvent>): BucketState {
  const objects = new Map<string, StoredObject>()
  const state = { createdAt: 0, objects, uploads: new Map<string, OpenUpload>() }
  for (const event of events) apply(state, event)
  return { ...state, objects: new KeyIndex(objects) }
}

/** The methods of `Map` and {@link KeyIndex} that events use. */
interface ObjectTable {
  get(key: string): StoredObject | undefined
  set(key: string, object: StoredObject): unknown
  delete(key: string): unknown
}

/**
 * Applies one event to the state.
 *
 * @returns the blobs that are no longer referenced
 */
export function apply(
  state: Omit<BucketState, 'objects'> & { readonly objects: ObjectTable },
  event: BucketEvent,
): readonly Blob[] {
  switch (event.op) {
    case 'create':
      state.createdAt = event.at
      return []
    case 'put':
      return replaceObject(state.objects, event.object)
    case 'delete': {
      const before = state.objects.get(event.key)
      state.objects.delete(event.key)
      return before?.blobs ?? []
    }
    case 'upload':
      state.uploads.set(event.upload.id, { ...event.upload, parts: new Map() })
      return []
    case 'part': {
      const parts = state.uploads.get(event.upload)?.parts
      const before = parts?.get(event.part.number)
      parts?.set(event.part.number, event.part)
      return before === undefined ? [] : [before.blob]
    }
    case 'complete': {
      const unused = endUpload(state.uploads, event.upload, event.object.blobs)
      return [...unused, ...replaceObject(state.objects, event.object)]
    }
    case 'abort':
      return endUpload(state.uploads, event.upload, [])
  }
}

function replaceObject(objects: ObjectTable, object: StoredObject): readonly Blob[] {
  const before = objects.get(object.key)
  objects.set(object.key, object)
  return before?.blobs ?? []
}

function endUpload(uploads: Map<string, OpenUpload>, id: string, kept: readonly Blob[]): Blob[] {
  const parts = uploads.get(id)?.parts.values() ?? []
  uploads.delete(id)
  const keep = new Set(kept.map((blob) => blob.id))
  return [...parts].map((part) => part.blob).filter((blob) => !keep.has(blob.id))
}

/** The shortest journal that gives the same state. */
export function* snapshot({ createdAt, objects, uploads }: BucketState): Generator<BucketEvent> {
  yield { op: 'create', version: 1, at: createdAt }
  for (const object of objects.values()) yield { op: 'put', object }
  for (const { parts, ...upload } of uploads.values()) {
    yield { op: 'upload', upload }
    for (const part of parts.values()) yield { op: 'part', upload: upload.id, part }
  }
}

/** All blobs that the state references. */
export function* referencedBlobs({ objects, uploads }: BucketState): Generator<Blob> {
  for (const object of objects.values()) yield* object.blobs
  for (const upload of uploads.values()) for (const part of upload.parts.values()) yield part.blob
}
