import type { CallReply } from './prelude/calls.ts'
import { parse } from './prelude/captured.ts'

/** Which columns of a CSV to read, and how. */
export interface CsvOptions<NumberColumn extends string = never> {
  /** Columns to read; what is left out costs next to nothing. @default all */
  readonly columns?: readonly string[]
  /** Columns to read as numbers. An empty field, or one that is not a number, is `NaN`. @default none */
  readonly numbers?: readonly NumberColumn[]
  /** Names of all columns, for data without a header. @default the first record */
  readonly header?: readonly string[]
  /** One ASCII character. @default ',' */
  readonly delimiter?: string
}

/** One record: a property per column. */
export type CsvRow<NumberColumn extends string = never> = { readonly [column: string]: string } & {
  readonly [column in NumberColumn]: number
}

/** A column as it came: each of its words once, and a code for every row. */
export interface CodedColumn {
  /** What each code means, in this batch. */
  readonly words: readonly string[]
  /** By row. */
  readonly codes: Uint16Array
}

/** Some thousand records, column by column. */
export interface CsvBatch<NumberColumn extends string = never> {
  readonly rows: number
  /** Names of the columns that were read. */
  readonly columns: readonly string[]
  /** A column's values by row: a `Float64Array` for a column of numbers, else strings. @throws if it was not read */
  column<Name extends string>(name: Name): Name extends NumberColumn ? Float64Array : readonly string[]
  /**
   * A column of words without writing them out: what groups rows needs to look at a word once, not once a row.
   *
   * @throws if it was not read, or is one of numbers
   *
   * @example
   * const { words, codes } = batch.coded('origin')
   * const counts = new Uint32Array(words.length)
   * for (const code of codes) counts[code]++
   */
  coded(name: Exclude<string, NumberColumn>): CodedColumn
}

type Values = Float64Array | readonly string[]

/** Bytes of one number, and of one code that stands for a word. */
const NUMBER_BYTES = 8
const CODE_BYTES = 2

/** Makes a batch of what the host sent: names and words as JSON, numbers and codes as bytes. */
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
      throw name in makers ? new TypeError(`the column "${name}" is one of numbers`) : notRead(name)
    },
  }
}

/** Rows as objects. */
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
