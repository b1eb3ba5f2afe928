import type { StreamSource } from './protocol.ts'

/** How to decode the bytes of a stream. */
export type Format =
  | { readonly as: 'chunks' | 'bytes' | 'text' | 'lines' | 'pages' }
  | ({ readonly as: 'csv' } & CsvOptions)

/** The position of a reader. Another reader can continue from it, as long as the object can be read. */
export interface ReaderNote {
  readonly source: StreamSource
  readonly format: Format
  /** How many batches of this source have been delivered. */
  readonly skip: number
}

export interface CsvOptions {
  /** One ASCII character. */
  readonly delimiter: string
  /** The names of all columns, in order. Absent if the first record contains them. */
  readonly header?: readonly string[] | undefined
  /** The columns to deliver. Absent for all. */
  readonly columns?: readonly string[] | undefined
  /** The columns to deliver as numbers. */
  readonly numbers: readonly string[]
}
