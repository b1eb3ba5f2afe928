/** Converts the scanned fields of one column: into numbers, or into codes and a dictionary of words. */
import type { Fields } from './csv-scan.ts'
import { FormatError } from './decoder.ts'
import { decodeUtf8, invalidAt } from './utf8.ts'

/** One column of one scan. */
export interface ColumnSlice {
  readonly bytes: Uint8Array
  /** The offset of the bytes in the object. */
  readonly offset: number
  readonly fields: Fields
  readonly rows: number
  readonly width: number
  readonly column: number
}

const ZERO = 0x30
const MINUS = 0x2d
const POINT = 0x2e
/**
 * Integers of up to 15 digits and powers of ten up to 10^22 are exact doubles, so their quotient is rounded correctly.
 */
const EXACT_DIGITS = 15
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power)

/** Reads the column as numbers. A field that is empty or not a number becomes `NaN`. */
export function readNumbers(slice: ColumnSlice, into: Float64Array): void {
  const { bytes, fields, rows, width, column } = slice
  for (let row = 0, slot = column; row < rows; row++, slot += width)
    into[row] = parseDecimal(bytes, fields.starts[slot]!, fields.ends[slot]!)
}

/** Parses plain decimals directly from bytes. Every other notation goes through `Number`. */
function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === MINUS
  let digits = 0
  let value = 0
  let point = -1
  for (let at = negative ? start + 1 : start; at < end; at++) {
    const digit = bytes[at]! - ZERO
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit
      digits++
    } else if (bytes[at] === POINT && point < 0) point = digits
    else return parseOther(bytes, start, end)
  }
  if (digits === 0 || digits > EXACT_DIGITS) return parseOther(bytes, start, end)
  if (point >= 0) value /= POWERS_OF_TEN[digits - point]!
  return negative ? -value : value
}

function parseOther(bytes: Uint8Array, start: number, end: number): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    .toString('latin1')
    .trim()
  return text === '' ? Number.NaN : Number(text)
}

/**
 * A hash table of the distinct words of a column, reused for every batch. With up to 8,192 rows it is at most half
 * full.
 */
export class Dictionary {
  readonly #slots = new Int32Array(16_384)
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #escaped: number[] = []

  /** Writes the code of each field to `into` and returns the words: code `c` stands for word `c`. */
  encode(slice: ColumnSlice, into: Uint16Array): string[] {
    const { bytes, offset, fields, rows, width, column } = slice
    this.#slots.fill(-1)
    this.#starts.length = 0
    this.#ends.length = 0
    this.#escaped.length = 0
    for (let row = 0, slot = column; row < rows; row++, slot += width)
      into[row] = this.#code(bytes, fields.starts[slot]!, fields.ends[slot]!, fields.escaped[slot]!)
    return this.#starts.map((start, code) => this.#word(bytes, offset, start, code))
  }

  #code(bytes: Uint8Array, start: number, end: number, escaped: number): number {
    const mask = this.#slots.length - 1
    let slot = hash(bytes, start, end) & mask
    for (; this.#slots[slot]! >= 0; slot = (slot + 1) & mask) {
      const code = this.#slots[slot]!
      if (this.#escaped[code] === escaped && sameBytes(bytes, start, end, this.#starts[code]!, this.#ends[code]!))
        return code
    }
    this.#slots[slot] = this.#starts.length
    this.#ends.push(end)
    this.#escaped.push(escaped)
    return this.#starts.push(start) - 1
  }

  #word(bytes: Uint8Array, offset: number, start: number, code: number): string {
    const field = bytes.subarray(start, this.#ends[code])
    const text = decodeUtf8(field)
    if (text === undefined) throw new FormatError(`not UTF-8 at byte ${offset + start + invalidAt(field)}`)
    return this.#escaped[code] === 1 ? text.replaceAll('""', '"') : text
  }
}

/** The FNV-1a hash. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5
  for (let at = start; at < end; at++) value = Math.imul(value ^ bytes[at]!, 0x01000193)
  return value ^ (value >>> 15)
}

function sameBytes(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false
  for (let at = start, other = otherStart; at < end; at++, other++) if (bytes[at] !== bytes[other]) return false
  return true
}
