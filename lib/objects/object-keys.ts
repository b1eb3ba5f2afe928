/** Amazon S3 User Guide, "Naming Amazon S3 objects". */
export const MAX_KEY_BYTES = 1024

/** Whether S3 can have an object with this key. A lone surrogate has no UTF-8 and would be replaced by U+FFFD. */
export function isKey(key: string): boolean {
  return key !== '' && Buffer.byteLength(key) <= MAX_KEY_BYTES && !/\p{Surrogate}/u.test(key)
}

/**
 * Compares two keys by their UTF-8 bytes, as S3 sorts listings. JavaScript compares UTF-16 units instead, which puts
 * characters above U+FFFF before U+E000.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rankUnit(x) - rankUnit(y)
  }
  return a.length - b.length
}

/** The rank of a UTF-16 unit. A surrogate is half of a code point above U+FFFF, so it ranks above all other units. */
function rankUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
