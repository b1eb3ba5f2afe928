import type { CsvOptions } from '../../wire/reader-note.ts'
import { bytesOf } from '../pieces.ts'
import { type ColumnSlice, Dictionary, readNumbers } from './csv-columns.ts'
import { countFields, createFields, type Fields, type Scan, scanRecords } from './csv-scan.ts'
import { type Batch, type Decoder, FormatError, joined, MAX_LINE_BYTES } from './decoder.ts'
import { decodeUtf8, withoutMark } from './utf8.ts'

/** The rows of one batch: enough to make host calls cheap, few enough for 16-bit codes and a small heap. */
const BATCH_ROWS = 8192
/** The most fields in one batch. Wide records come in smaller batches. */
const BATCH_FIELDS = 2 ** 20
const MAX_COLUMNS = 2 ** 14

/**
 * The text of a batch. Its bytes contain, in the order of `columns`, the `Float64Array`s of all columns of numbers, and
 * then the `Uint16Array`s with the codes of all other columns.
 */
export interface CsvBatchText {
  readonly rows: number
  readonly columns: readonly (string | readonly [name: string, words: readonly string[]])[]
}

interface Column {
  readonly name: string
  readonly index: number
  /** Absent for a column of numbers. */
  readonly dictionary?: Dictionary
}

interface Layout {
  readonly names: readonly string[]
  readonly width: number
  readonly maxRows: number
  readonly columns: readonly Column[]
  readonly fields: Fields
}

/**
 * Decodes CSV (RFC 4180) into columns. Scanning, parsing numbers and building dictionaries happen here at native speed,
 * and only for the requested columns.
 */
export function createCsvDecoder(options: CsvOptions, start = 0): Decoder {
  const delimiter = options.delimiter.charCodeAt(0)
  let rest: Uint8Array = new Uint8Array(0)
  let offset = start
  /** The number of records so far. `NaN` for a reader that does not start at the beginning of the object. */
  let records = start === 0 ? 0 : Number.NaN
  let layout = options.header === undefined ? undefined : layoutOf(options, options.header)

  function readHeader(bytes: Uint8Array, last: boolean): number {
    const width = countFields(bytes, delimiter, last)
    if (width === undefined) return 0
    const fields = createFields(width)
    const { end } = scanRecords(bytes, 0, { delimiter, width, maxRows: 1, last }, fields)
    layout = layoutOf(options, namesIn(bytes, fields, width))
    return end
  }

  function* batchesIn(bytes: Uint8Array, from: number, last: boolean): Generator<Batch> {
    const { width, fields, columns } = layout!
    const began = offset - from
    for (let at = from; ; ) {
      const { rows, end } = scanHere(bytes, at, last)
      rest = bytes.subarray(end)
      offset += end - at
      at = end
      if (rows === 0) return
      records += rows
      yield { ...encodeBatch({ bytes, offset: began, fields, rows, width }, columns), end: offset }
    }
  }

  function scanHere(bytes: Uint8Array, at: number, last: boolean): Scan {
    const { width, maxRows, fields } = layout!
    try {
      return scanRecords(bytes, at, { delimiter, width, maxRows, last }, fields)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      const number = Number.isNaN(records) ? '' : `record ${records + 1}, `
      throw new FormatError(`${error.message} (${number}at byte ${offset})`)
    }
  }

  return {
    get header() {
      return layout?.names
    },
    *decode(chunk, last): Generator<Batch> {
      const content = offset === 0 && rest.length === 0 ? withoutMark(bytesOf(chunk)) : chunk
      offset += chunk.length - content.length
      const bytes = joined(rest, content)
      rest = bytes
      const from = layout === undefined ? readHeader(bytes, last) : 0
      offset += from
      if (layout === undefined || bytes.length === 0) return
      yield* batchesIn(bytes, from, last)
      if (rest.length > MAX_LINE_BYTES) throw new FormatError(`the record at byte ${offset} is longer than 16 MiB`)
    },
  }
}

function namesIn(bytes: Uint8Array, fields: Fields, width: number): string[] {
  return Array.from({ length: width }, (_, column) => {
    const name = decodeUtf8(bytes.subarray(fields.starts[column], fields.ends[column]))
    if (name === undefined) throw new FormatError('the header is not UTF-8')
    return fields.escaped[column] === 1 ? name.replaceAll('""', '"') : name
  })
}

function layoutOf(options: CsvOptions, names: readonly string[]): Layout {
  if (names.length > MAX_COLUMNS) throw new FormatError(`there are more than ${MAX_COLUMNS} columns`)
  const wanted = options.columns ?? names
  const missing = [...wanted, ...options.numbers].find((name) => !names.includes(name))
  if (missing !== undefined) throw new FormatError(`there is no column ${JSON.stringify(missing)}`)
  const columns = wanted.map((name) => {
    const index = names.indexOf(name)
    return options.numbers.includes(name) ? { name, index } : { name, index, dictionary: new Dictionary() }
  })
  const width = names.length
  const maxRows = Math.min(BATCH_ROWS, Math.floor(BATCH_FIELDS / width))
  return { names, width, maxRows, columns, fields: createFields(width * maxRows) }
}

function encodeBatch(
  scanned: Omit<ColumnSlice, 'column'>,
  columns: readonly Column[],
): { text: string; bytes: Uint8Array } {
  const { rows } = scanned
  const numbers = columns.filter((column) => column.dictionary === undefined).length
  const buffer = new ArrayBuffer(rows * (numbers * 8 + (columns.length - numbers) * 2))
  let numberAt = 0
  let codeAt = rows * numbers * 8
  const described = columns.map(({ name, index, dictionary }) => {
    const slice: ColumnSlice = { ...scanned, column: index }
    if (dictionary === undefined) {
      readNumbers(slice, new Float64Array(buffer, numberAt, rows))
      numberAt += rows * 8
      return name
    }
    const words = dictionary.encode(slice, new Uint16Array(buffer, codeAt, rows))
    codeAt += rows * 2
    return [name, words] as const
  })
  const text: CsvBatchText = { rows, columns: described }
  return { text: JSON.stringify(text), bytes: new Uint8Array(buffer) }
}
