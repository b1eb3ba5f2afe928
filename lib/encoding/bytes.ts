const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The UTF-8 bytes of a text.
 *
 * @throws TypeError for a text with a lone surrogate. It has no UTF-8, and `TextEncoder` would replace each of them by
 *   U+FFFD, so that different texts had the same digest.
 */
export function utf8(text: string): Uint8Array {
  if (/\p{Surrogate}/u.test(text)) throw new TypeError('the text has a lone surrogate')
  return encoder.encode(text)
}

/**
 * The text of UTF-8 bytes. A byte order mark is kept as a character.
 *
 * @throws TypeError for bytes that are not UTF-8
 */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** The byte strings one after the other, in new memory. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Whether two byte strings are equal. It does not run in constant time, so use it for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
