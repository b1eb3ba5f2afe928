/**
 * Base64 with one text per byte string. Decoders usually take more: Node reads `QU!!=JD` as `A`, and any decoder that
 * ignores spare bits reads `QQ==` and `QR==` alike. Here the text must be what encoding its bytes gives.
 */

/** Base64 with `+/` and padding, RFC 4648 §4. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  // In chunks: `fromCharCode` takes its characters as arguments, and engines bound their number.
  for (let start = 0; start < bytes.length; start += 0x2000)
    binary += String.fromCharCode(...bytes.subarray(start, start + 0x2000))
  return globalThis.btoa(binary)
}

/** @throws SyntaxError for anything but the one text {@link toBase64} gives. */
export function fromBase64(text: string): Uint8Array {
  const bytes = decode(text)
  if (bytes === undefined || toBase64(bytes) !== text) throw new SyntaxError('not canonical base64')
  return bytes
}

/** Base64 with `-_` and no padding, RFC 4648 §5. */
export function toBase64url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** @throws SyntaxError for anything but the one text {@link toBase64url} gives. */
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
