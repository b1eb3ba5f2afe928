/** Plans reads: pure functions from a range of an object to the requests that fetch it. */
import { rangeInvalid } from './object-errors.ts'
import type { ObjectRef } from './store.ts'

/** Bytes `[start, end)` of an object. */
export interface Part {
  readonly start: number
  readonly end: number
}

/**
 * Cuts `[start, end)` into parts of `partBytes()`. The last part may be shorter. It is a generator, because the largest
 * object of S3 has millions of parts, and because the size may change between two parts.
 *
 * @example
 * [...planParts(0, 20, () => 8)] // [{ start: 0, end: 8 }, { start: 8, end: 16 }, { start: 16, end: 20 }]
 */
export function* planParts(start: number, end: number, partBytes: () => number): Generator<Part, void> {
  let at = start
  while (at < end) {
    const part = { start: at, end: Math.min(at + partBytes(), end) }
    yield part
    at = part.end
  }
}

/** The rest of a part after its first `received` bytes. */
export function remainingPart(part: Part, received: number): Part {
  return { start: part.start + received, end: part.end }
}

/** The part as a `Range` header, whose last byte is inclusive (RFC 9110 §14.1.2). The part must not be empty. */
export function rangeHeader({ start, end }: Part): string {
  return `bytes=${start}-${end - 1}`
}

/**
 * Reads a `Content-Range` header (RFC 9110 §14.4).
 *
 * @returns the part that was sent, and the size of the object in bytes; `undefined` for any other header
 */
export function parseContentRange(header: string | undefined): (Part & { readonly size: number }) | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? '')
  return match ? { start: Number(match[1]), end: Number(match[2]) + 1, size: Number(match[3]) } : undefined
}

/**
 * Checks that a range has whole bytes and, if the size is known, is within it.
 *
 * @throws ObjectError `OBJECT_RANGE_INVALID`
 */
export function checkRange(request: ObjectRef & Part, size?: number): void {
  const { start, end } = request
  const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end
  if (!isRange || (size !== undefined && end > size)) throw rangeInvalid(request, size)
}

const BACKOFF_BASE_MS = 50
const BACKOFF_CAP_MS = 5_000

/**
 * Milliseconds to wait before a retry. It is exponential backoff with "full jitter", so that clients that failed together
 * don't retry together (AWS Architecture Blog, "Exponential Backoff And Jitter").
 *
 * @param retry 0 for the first retry
 * @param random uniform in [0, 1)
 */
export function backoffMs(retry: number, random: () => number): number {
  return random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** retry)
}
