import { type Batch, type Decoder, FormatError, joined, MAX_LINE_BYTES } from './decoder.ts'
import { decodeUtf8, invalidAt, withoutMark } from './utf8.ts'

const NEWLINE = 0x0a
/** The approximate size of a batch: small enough for the guest's heap, large enough to make host calls cheap. */
const BATCH_BYTES = 256 * 1024

/**
 * Decodes lines of UTF-8 text that end with `\n` or `\r\n`. A batch is a text that the guest splits at `\n` with one
 * call of its engine. Everything else happens here at native speed.
 *
 * @param start the offset of the first byte, at the beginning of a line
 */
export function createLineDecoder(start = 0): Decoder {
  let rest: Uint8Array = new Uint8Array(0)
  let offset = start
  return {
    *decode(chunk, last): Generator<Batch> {
      const bytes = joined(rest, chunk)
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
      rest = bytes.subarray(from)
      if (rest.length > MAX_LINE_BYTES) throw new FormatError(`the line at byte ${offset} is longer than 16 MiB`)
    },
  }
}

/**
 * The end of the batch that starts at `from`: after a newline, or at the end of the data; `from` if no line is
 * complete.
 */
function batchEnd(bytes: Uint8Array, from: number, last: boolean): number {
  const ideal = from + BATCH_BYTES
  if (ideal >= bytes.length && last) return bytes.length
  const before = bytes.lastIndexOf(NEWLINE, Math.min(ideal, bytes.length) - 1)
  if (before >= from) return before + 1
  const after = bytes.indexOf(NEWLINE, ideal)
  if (after >= 0) return after + 1
  return last ? bytes.length : from
}

/** The lines before the first one that is not UTF-8. */
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
