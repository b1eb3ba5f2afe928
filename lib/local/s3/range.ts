import { AwsError } from '../http/aws-error.ts'
import type { BlobSlice } from './blobs.ts'
import type { Blob } from './records.ts'

/** A range of bytes: `[start, end)`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Resolves a `Range` header for a size (RFC 9110 §14.2). Several ranges, other units and invalid headers are ignored, as
 * RFC 9110 allows and S3 does.
 *
 * @returns `undefined` if the whole object is requested
 * @throws AwsError `InvalidRange` if no byte of the object is in the range
 */
export function resolveRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.replaceAll(' ', '') ?? '')
  const [first, last] = [match?.[1] ?? '', match?.[2] ?? '']
  if (first === '' && last === '') return undefined
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  const range =
    first === ''
      ? { start: Math.max(0, size - Number(last)), end: size }
      : { start: Number(first), end: last === '' ? size : Math.min(Number(last) + 1, size) }
  if (range.start >= range.end) throw unsatisfiable(header!, size)
  return range
}

function unsatisfiable(header: string, size: number): AwsError {
  return new AwsError('InvalidRange', 'The requested range is not satisfiable', {
    fields: { RangeRequested: header, ActualObjectSize: String(size) },
    headers: { 'content-range': `bytes */${size}` },
  })
}

/** The slices of blobs for a range of their concatenation. */
export function planSlices(blobs: readonly Blob[], { start, end }: ByteRange): BlobSlice[] {
  const slices: BlobSlice[] = []
  let offset = 0
  for (const blob of blobs) {
    const from = Math.max(0, start - offset)
    const to = Math.min(blob.size, end - offset)
    if (from < to) slices.push({ blob, start: from, end: to })
    offset += blob.size
  }
  return slices
}
