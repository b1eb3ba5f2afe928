import type { CallReply } from './prelude/calls.ts'
import { parse } from './prelude/captured.ts'

/** Which columns of a CSV to read, and how. */
export interface CsvOptions<NumberColumn extends string = never> {
  /** Columns to read. Other columns are neither decoded nor copied. @default all */
  readonly columns?: readonly string[]
  /** Columns to read as numbers. An empty field, or a field that is not a number, becomes `NaN`. @default none */
  readonly numbers?: readonly NumberColumn[]
  /** The names of all columns, for data without a header. @default the first record */
  readonly header?: readonly string[]
  /** One ASCII character. @default ',' */
  readonly delimiter?: string
}

/** One record, with a property for each column. */
export type CsvRow<NumberColumn extends string = never> = { readonly [column: string]: string } & {
  readonly [column in NumberColumn]: number
}

/** A column in dictionary encoding: each distinct word once, and a code for every row. */
export interface CodedColumn {
  /** The word that each code stands for. Valid for this batch only. */
  readonly words: readonly string[]
  /** One code per row: an index into `words`. */
  readonly codes: Uint16Array
}

/** Up to 8,192 records, column by column. */
export interface CsvBatch<NumberColumn extends string = never> {
  readonly rows: number
  /** The names of the columns that were read. */
  readonly columns: readonly string[]
  /** The values of a column by row: a `Float64Array` for numbers, else strings. @throws Error if it was not read */
  column<Name extends string>(name: Name): Name extends NumberColumn ? Float64Array : readonly string[]
  /**
   * A column in dictionary encoding. Code that groups rows can then look at each distinct word once instead of once per
   * row.
   *
   * @throws Error if the column was not read
   * @throws TypeError if it is a column of numbers
   *
   * @example
   * const { words, codes } = batch.coded('origin')
   * const counts = new Uint32Array(words.length)
   * for (const code of codes) counts[code]++
   */
  coded(name: Exclude<string, NumberColumn>): CodedColumn
}

type Values = Float64Array | readonly string[]

/** The size of one number, and of one code. */
const NUMBER_BYTES = 8
const CODE_BYTES = 2

/** Reads a batch as the host sends it: names and words as JSON, numbers and codes as bytes. */
export function readCsvBatch<NumberColumn extends string>({ text, bytes }: CallReply): CsvBatch<NumberColumn> {
  const { rows, columns } = parse(text!) as { rows: number; columns: (string | [name: string, words: string[]])[] }
  const makers: Record<string, () => Values> = Object.create(null)
  const coders: Record<string, () => CodedColumn> = Object.create(null)
  const made: Record<string, Values> = Object.create(null)
  const numbers = columns.filter((column) => typeof column === 'string').length
  let numberAt = 0
  let codeAt = numbers * rows * NUMBER_BYTES
  for (const column of columns) {
    if (typeof column === 'string') {
      const at = numberAt
      makers[column] = () => new Float64Array(bytes!, at, rows)
      numberAt += rows * NUMBER_BYTES
    } else {
      const [name, words] = column
      const at = codeAt
      const coder = () => ({ words, codes: new Uint16Array(bytes!, at, rows) })
      coders[name] = coder
      makers[name] = () => spell(coder())
      codeAt += rows * CODE_BYTES
    }
  }
  return {
    rows,
    columns: Object.keys(makers),
    column(name) {
      const maker = makers[name]
      if (maker === undefined) throw notRead(name)
      made[name] ??= maker()
      return made[name] as never
    },
    coded(name) {
      const coder = coders[name]
      if (coder !== undefined) return coder()
      throw name in makers
        ? new TypeError(`the column "${name}" was read as numbers; take it out of the option numbers`)
        : notRead(name)
    },
  }
}

/** The records of a batch as objects. */
export function csvRows<NumberColumn extends string>(batch: CsvBatch<NumberColumn>): CsvRow<NumberColumn>[] {
  const names = batch.columns
  const columns = names.map((name) => batch.column(name) as Values)
  const rows: Record<string, string | number>[] = new Array(batch.rows)
  for (let row = 0; row < batch.rows; row++) {
    const record: Record<string, string | number> = {}
    for (let column = 0; column < names.length; column++) record[names[column]!] = columns[column]![row]!
    rows[row] = record
  }
  return rows as CsvRow<NumberColumn>[]
}

function notRead(name: string): Error {
  return new Error(`the column "${name}" was not read; name it in the option columns`)
}

function spell({ words, codes }: CodedColumn): string[] {
  const rows = codes.length
  const values: string[] = new Array(rows)
  for (let row = 0; row < rows; row++) values[row] = words[codes[row]!]!
  return values
}
