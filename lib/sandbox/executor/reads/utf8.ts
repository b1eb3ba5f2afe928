import { isUtf8 } from 'node:buffer'

/** The text, or `undefined` if the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** The offset of the first byte that is not UTF-8. Only for error messages: it checks every part several times. */
export function invalidAt(bytes: Uint8Array): number {
  let at = 0
  for (let size = 2 ** 30; size >= 1; size /= 2) {
    const end = characterStart(bytes, at + size)
    if (at < end && end <= bytes.length && isUtf8(bytes.subarray(at, end))) at = end
  }
  for (let length = 0; at < bytes.length; at += length) {
    length = characterLength(bytes[at]!)
    if (!isUtf8(bytes.subarray(at, at + length))) break
  }
  return at
}

function characterStart(bytes: Uint8Array, at: number): number {
  let start = at
  while (start > at - 3 && (bytes[start]! & 0xc0) === 0x80) start--
  return start
}

/** The length in bytes of the character that begins with `lead`. */
function characterLength(lead: number): number {
  if (lead < 0xc0) return 1
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

/** The bytes without a byte order mark at their start. */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}
