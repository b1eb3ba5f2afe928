import { bytesOf } from '../pieces.ts'
import { type Batch, type Decoder, FormatError } from './decoder.ts'
import { decodeUtf8, invalidAt, withoutMark } from './utf8.ts'

/** Delivers chunks unchanged. */
export function createChunkDecoder(start: number): Decoder {
  let offset = start
  return {
    decode(chunk) {
      offset += chunk.length
      return chunk.length === 0 ? [] : [{ piece: chunk, end: offset }]
    },
  }
}

/** Delivers texts that the host itself wrote, one per chunk. */
export function createPageDecoder(): Decoder {
  return {
    decode: (chunk) => (chunk.length === 0 ? [] : [{ text: Buffer.from(bytesOf(chunk)).toString('utf8'), end: 0 }]),
  }
}

/** Collects all chunks into one batch, as bytes or as text. */
export function createWholeDecoder(as: 'bytes' | 'text', start: number): Decoder {
  const chunks: Uint8Array[] = []
  return {
    decode(chunk, last): Batch[] {
      chunks.push(bytesOf(chunk))
      if (!last) return []
      const bytes = Buffer.concat(chunks)
      const end = start + bytes.length
      return as === 'bytes' ? [{ bytes, end }] : [{ text: textOf(bytes, start), end }]
    },
  }
}

function textOf(bytes: Uint8Array, start: number): string {
  const text = decodeUtf8(withoutMark(bytes))
  if (text === undefined) throw new FormatError(`not UTF-8 at byte ${start + invalidAt(bytes)}`)
  return text
}
