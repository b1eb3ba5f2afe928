/**
 * Finds the fields of CSV records in raw bytes (RFC 4180: quoted fields may contain delimiters, newlines and doubled
 * quotes). It can work on bytes because it searches only for ASCII, which UTF-8 never uses inside a character. Nothing
 * is decoded here, so columns that are not requested cost almost nothing.
 */
import { FormatError } from './decoder.ts'

const QUOTE = 0x22
const NEWLINE = 0x0a
const RETURN = 0x0d
/** The bytes end within a record. */
const INCOMPLETE = -1

/** The positions of fields, row by row: field `i` is `bytes[starts[i] .. ends[i])`, without its quotes. */
export interface Fields {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** 1 if the field contains doubled quotes, each of which stands for one. */
  readonly escaped: Uint8Array
}

export interface ScanOptions {
  /** One ASCII byte. */
  readonly delimiter: number
  /** Fields in every record. */
  readonly width: number
  readonly maxRows: number
  /** Whether the data ends here, which also ends the last record. */
  readonly last: boolean
}

export interface Scan {
  readonly rows: number
  /** The offset after the last complete record. */
  readonly end: number
}

/** Allocates space for `count` fields. */
export function createFields(count: number): Fields {
  return { starts: new Uint32Array(count), ends: new Uint32Array(count), escaped: new Uint8Array(count) }
}

/**
 * Scans the complete records after `from` into `fields`. Skips empty lines. Stops before a malformed record, so that
 * the records before it are delivered. A scan that starts at a malformed record throws.
 *
 * @throws FormatError if the first record does not have `width` fields, or has a misplaced quote
 */
export function scanRecords(bytes: Uint8Array, from: number, options: ScanOptions, fields: Fields): Scan {
  let rows = 0
  let end = from
  while (rows < options.maxRows && end < bytes.length) {
    const content = afterNewlines(bytes, end)
    const next = content < bytes.length ? scanNext(bytes, content, options, fields, rows) : content
    if (next === INCOMPLETE) break
    if (content < bytes.length) rows++
    end = next
  }
  return { rows, end }
}

/** The number of fields in the first record; `undefined` if it is incomplete. */
export function countFields(bytes: Uint8Array, delimiter: number, last: boolean): number | undefined {
  const one = createFields(1)
  let width = 1
  for (let at = afterNewlines(bytes, 0); ; width++) {
    const stop = scanField(bytes, at, { delimiter, last }, one, 0)
    if (stop === INCOMPLETE) return undefined
    if (bytes[stop] !== delimiter) return width
    at = stop + 1
  }
}

function afterNewlines(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === NEWLINE || (bytes[at] === RETURN && bytes[at + 1] === NEWLINE)) at++
  return at
}

/** Scans one record. An error is thrown only if it is the first one, see {@link scanRecords}. */
function scanNext(bytes: Uint8Array, from: number, options: ScanOptions, fields: Fields, rows: number): number {
  try {
    return scanRecord(bytes, from, options, fields, rows * options.width)
  } catch (error) {
    if (rows > 0 && error instanceof FormatError) return INCOMPLETE
    throw error
  }
}

function scanRecord(bytes: Uint8Array, from: number, options: ScanOptions, fields: Fields, slot: number): number {
  const lastColumn = options.width - 1
  let at = from
  for (let column = 0; column <= lastColumn; column++) {
    const stop = scanField(bytes, at, options, fields, slot + column)
    if (stop === INCOMPLETE) return INCOMPLETE
    if ((bytes[stop] === options.delimiter) !== column < lastColumn) throw wrongWidth(column, options.width)
    at = stop + 1
  }
  return Math.min(at, bytes.length)
}

/** Records the position of one field. Returns where it stops: at a delimiter, a newline, or the end of the bytes. */
function scanField(
  bytes: Uint8Array,
  from: number,
  options: Pick<ScanOptions, 'delimiter' | 'last'>,
  fields: Fields,
  slot: number,
): number {
  if (bytes[from] === QUOTE) return scanQuoted(bytes, from + 1, options, fields, slot)
  const { delimiter, last } = options
  const length = bytes.length
  let stop = from
  // Most bytes are greater than both, so they need only one comparison.
  const highest = Math.max(delimiter, NEWLINE)
  for (; stop < length; stop++) {
    const byte = bytes[stop]!
    if (byte <= highest && (byte === delimiter || byte === NEWLINE)) break
  }
  if (stop === length && !last) return INCOMPLETE
  const carriageReturn = stop > from && bytes[stop] !== delimiter && bytes[stop - 1] === RETURN
  fields.starts[slot] = from
  fields.ends[slot] = carriageReturn ? stop - 1 : stop
  fields.escaped[slot] = 0
  return stop
}

function scanQuoted(
  bytes: Uint8Array,
  from: number,
  { delimiter, last }: Pick<ScanOptions, 'delimiter' | 'last'>,
  fields: Fields,
  slot: number,
): number {
  let close = bytes.indexOf(QUOTE, from)
  let escaped = 0
  for (; close >= 0 && bytes[close + 1] === QUOTE; close = bytes.indexOf(QUOTE, close + 2)) escaped = 1
  if (close < 0 && last) throw new FormatError('a quoted field never ends')
  let stop = close + 1
  if (close >= 0 && bytes[stop] === RETURN) stop++
  if (close < 0 || (stop >= bytes.length && !last)) return INCOMPLETE
  if (stop < bytes.length && bytes[stop] !== delimiter && bytes[stop] !== NEWLINE)
    throw new FormatError('a closing quote is followed by more than a delimiter or a newline')
  fields.starts[slot] = from
  fields.ends[slot] = close
  fields.escaped[slot] = escaped
  return stop
}

function wrongWidth(column: number, width: number): FormatError {
  return new FormatError(
    column < width - 1
      ? `a record has ${column + 1} ${column === 0 ? 'field' : 'fields'}, not ${width}`
      : `a record has more than ${width} ${width === 1 ? 'field' : 'fields'}`,
  )
}
