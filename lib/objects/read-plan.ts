/**
 * What to read, decided before anything is read: pure functions from a range to the requests that fetch it.
 */
import { rangeInvalid } from './object-errors.ts'
import type { ObjectRef } from './store.ts'

/** Bytes `[start, end)` of an object. */
export interface Part {
  readonly start: number
  readonly end: number
}

/**
 * Cuts `[start, end)` into parts of `partBytes`, the last one shorter. Lazy, since the largest object S3 takes would
 * be millions of parts; the size is asked anew for each.
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

/** What is left of a part after its first `received` bytes. */
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
 * @returns The part that was sent and the size of the whole, in bytes; `undefined` if the header says no such thing.
 */
export function parseContentRange(header: string | undefined): (Part & { readonly size: number }) | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? '')
  return match ? { start: Number(match[1]), end: Number(match[2]) + 1, size: Number(match[3]) } : undefined
}

/**
 * Lets a range pass if it is one of whole bytes and, where the size is known, within it.
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
 * How long to wait before a retry: "full jitter", uniform below an exponential ceiling, so that clients that failed
 * together do not come back together (AWS Architecture Blog, "Exponential Backoff And Jitter").
 *
 * @param retry 0 for the first retry.
 * @param random Uniform in [0, 1).
 */
export function backoffMs(retry: number, random: () => number): number {
  return random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** retry)
}
