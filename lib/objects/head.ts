import { rangeInvalid } from './object-errors.ts'
import type { ObjectRef, ObjectStat, ObjectStore } from './store.ts'

/** How many bytes at the end of a head are searched for a line end. */
const TAIL_BYTES = 64 * 1024

const NEWLINE = 0x0a

/**
 * A store that shows only the first bytes of each object, so that an agent can be tried on a small part of the data. The
 * shown part ends after the last line that fits; without a line end it has `headBytes`. All reported sizes are those of
 * the shown parts, so that an agent reads them like whole objects.
 *
 * @param headBytes the most bytes of an object that are shown
 */
export function headStore(store: ObjectStore, headBytes: number): ObjectStore {
  const shorten = async (object: ObjectStat, signal?: AbortSignal): Promise<ObjectStat> =>
    object.size <= headBytes ? object : { ...object, size: await lastLineEnd(store, object, headBytes, signal) }
  return {
    stat: async (ref: ObjectRef, signal) => shorten(await store.stat(ref, signal), signal),
    async *list(query) {
      for await (const object of store.list(query)) yield await shorten(object, query.signal)
    },
    async *read(request) {
      if (request.end > headBytes) throw rangeInvalid(request, headBytes)
      yield* store.read(request)
    },
  }
}

async function lastLineEnd(
  store: ObjectStore,
  { bucket, key, etag }: ObjectStat,
  end: number,
  signal?: AbortSignal,
): Promise<number> {
  const start = Math.max(0, end - TAIL_BYTES)
  const chunks: Uint8Array[] = []
  for await (const chunk of store.read({ bucket, key, etag, start, end, ...(signal && { signal }) })) chunks.push(chunk)
  const lineEnd = Buffer.concat(chunks).lastIndexOf(NEWLINE)
  return lineEnd === -1 ? end : start + lineEnd + 1
}
