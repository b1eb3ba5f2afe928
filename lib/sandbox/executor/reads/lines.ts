import { type Batch, type Decoder, FormatError, joined, MAX_LINE_BYTES } from './decoder.ts'
import { decodeUtf8, invalidAt, withoutMark } from './utf8.ts'

const NEWLINE = 0x0a
/** Bytes of lines in one batch, about: small enough for the guest's heap, large enough to make a crossing cheap. */
const BATCH_BYTES = 256 * 1024

/**
 * Lines of UTF-8 text, ended by `\n` or `\r\n`. A batch is text whose `split('\n')` gives its lines: ends are
 * found and bytes decoded here, at native speed, and the guest splits in one call of its engine.
 *
 * @param start offset of the first byte, at the beginning of a line
 */
export function createLineDecoder(start = 0): Decoder {
  let carry: Uint8Array = new Uint8Array(0)
  let offset = start
  return {
    *decode(chunk, last): Generator<Batch> {
      const bytes = joined(carry, chunk)
      let from = 0
      for (let to = batchEnd(bytes, from, last); to > from; to = batchEnd(bytes, from, last)) {
        const block = bytes.subarray(from, to)
        const text = linesOf(block, offset)
        if (text === undefined) {
          yield* linesBefore(invalidAt(block), block, offset)
          throw new FormatError(`not UTF-8 at byte ${offset + invalidAt(block)}`)
        }
        offset += block.length
        yield { text, end: offset }
        from = to
      }
      carry = bytes.subarray(from)
      if (carry.length > MAX_LINE_BYTES) throw new FormatError(`the line at byte ${offset} is longer than 16 MiB`)
    },
  }
}

/** Where the batch that starts at `from` ends: after a newline, or at the very end; `from` if no line is complete. */
function batchEnd(bytes: Uint8Array, from: number, last: boolean): number {
  const ideal = from + BATCH_BYTES
  if (ideal >= bytes.length && last) return bytes.length
  const before = bytes.lastIndexOf(NEWLINE, Math.min(ideal, bytes.length) - 1)
  if (before >= from) return before + 1
  const after = bytes.indexOf(NEWLINE, ideal)
  if (after >= 0) return after + 1
  return last ? bytes.length : from
}

/** The lines before the one that can't be read. */
function linesBefore(invalid: number, block: Uint8Array, offset: number): Batch[] {
  const good = block.subarray(0, invalid).lastIndexOf(NEWLINE) + 1
  const text = linesOf(block.subarray(0, good), offset)
  return good === 0 || text === undefined ? [] : [{ text, end: offset + good }]
}

/** The lines, or `undefined` if they are not UTF-8. */
function linesOf(bytes: Uint8Array, offset: number): string | undefined {
  const ended = bytes[bytes.length - 1] === NEWLINE
  const body = ended ? bytes.subarray(0, -1) : bytes
  const text = decodeUtf8(offset === 0 ? withoutMark(body) : body)
  if (!text?.includes('\r')) return text
  const unix = text.replaceAll('\r\n', '\n')
  return ended && unix.endsWith('\r') ? unix.slice(0, -1) : unix
}
