import type { StreamSource } from './protocol.ts'

/** How the bytes of a stream are to be read. */

export type Format =
  | { readonly as: 'chunks' | 'bytes' | 'text' | 'lines' | 'pages' }
  | ({ readonly as: 'csv' } & CsvOptions)
/** Where a reader is: enough to go on with another, as long as the object is within reach. */

export interface ReaderNote {
  readonly source: StreamSource
  readonly format: Format
  /** Batches of this source that were delivered before. */
  readonly skip: number
}
export interface CsvOptions {
  /** One ASCII character. */
  readonly delimiter: string
  /** Names of all columns, in order; absent if the first record has them. */
  readonly header?: readonly string[] | undefined
  /** Columns to deliver; absent for all. */
  readonly columns?: readonly string[] | undefined
  /** Those of them that are numbers. */
  readonly numbers: readonly string[]
}
