/** Amazon S3 User Guide, "Naming Amazon S3 objects". */
export const MAX_KEY_BYTES = 1024

/** Whether S3 could hold an object of this name. A lone surrogate has no UTF-8: on the way it would become U+FFFD. */
export function isKey(key: string): boolean {
  return key !== '' && Buffer.byteLength(key) <= MAX_KEY_BYTES && !/\p{Surrogate}/u.test(key)
}

/**
 * Compares two keys by their UTF-8 bytes, the order in which S3 lists a bucket. JavaScript's own order of strings
 * differs: it puts characters outside the basic plane before U+E000.
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

/** A surrogate is half of a code point above U+FFFF, so it ranks above every unit that stands for itself. */
function rankUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
