/**
 * Canonical base64: each byte string has exactly one text. Usual decoders accept more, so two texts could pass for one
 * signed value: Node decodes `QU!!=JD` as `A`, and a decoder that ignores spare bits decodes `QQ==` and `QR==` alike.
 * These decoders accept only the text that encoding the bytes gives.
 */

/** Base64 with `+/` and padding, RFC 4648 §4. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  // In chunks, because `fromCharCode` takes each character as an argument and engines limit their number.
  for (let start = 0; start < bytes.length; start += 0x2000)
    binary += String.fromCharCode(...bytes.subarray(start, start + 0x2000))
  return globalThis.btoa(binary)
}

/** The bytes of a base64 text. @throws SyntaxError for any text that {@link toBase64} does not produce */
export function fromBase64(text: string): Uint8Array {
  const bytes = decode(text)
  if (bytes === undefined || toBase64(bytes) !== text) throw new SyntaxError('not canonical base64')
  return bytes
}

/** Base64 with `-_` and no padding, RFC 4648 §5. */
export function toBase64url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The bytes of a base64url text. @throws SyntaxError for any text that {@link toBase64url} does not produce */
export function fromBase64url(text: string): Uint8Array {
  const bytes = decode(text.replaceAll('-', '+').replaceAll('_', '/'))
  if (bytes === undefined || toBase64url(bytes) !== text) throw new SyntaxError('not canonical base64url')
  return bytes
}

function decode(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(globalThis.atob(text), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}
