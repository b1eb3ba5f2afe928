import type { KeyIndex } from './key-index.ts'

/** The query for a page of a listing. */
export interface PageQuery {
  readonly prefix: string
  /** If empty, keys are not grouped by common prefixes. */
  readonly delimiter: string
  /** The last key or common prefix of the previous page. */
  readonly after: string
  /** The most keys and common prefixes together. */
  readonly limit: number
}

/** A page of a listing, in ascending order of UTF-8 bytes. */
export interface Page {
  readonly keys: readonly string[]
  readonly commonPrefixes: readonly string[]
  /** The last key or common prefix of the page; `undefined` on the last page. */
  readonly next: string | undefined
}

/** Lists a page. It needs one binary search for each common prefix, for any number of keys below it. */
export function listPage(
  index: Pick<KeyIndex<unknown>, 'keyAt' | 'seek' | 'seekPast'>,
  { prefix, delimiter, after, limit }: PageQuery,
): Page {
  const keys: string[] = []
  const commonPrefixes: string[] = []
  let last: string | undefined
  let position = startPosition(index, { prefix, delimiter, after })
  for (let key = index.keyAt(position); key?.startsWith(prefix); key = index.keyAt(position)) {
    if (keys.length + commonPrefixes.length >= limit) return { keys, commonPrefixes, next: last }
    const common = commonPrefixOf(key, prefix, delimiter)
    if (common === undefined) keys.push(key)
    else commonPrefixes.push(common)
    last = common ?? key
    position = common === undefined ? position + 1 : index.seekPast(common)
  }
  return { keys, commonPrefixes, next: undefined }
}

/** The start of a page. If the previous page ended with a common prefix, all keys below it are skipped. */
function startPosition(
  index: Pick<KeyIndex<unknown>, 'keyAt' | 'seek' | 'seekPast'>,
  { prefix, delimiter, after }: Omit<PageQuery, 'limit'>,
): number {
  if (after === '') return index.seek(prefix)
  if (after.startsWith(prefix) && commonPrefixOf(after, prefix, delimiter) === after) return index.seekPast(after)
  const start = Math.max(index.seek(after), index.seek(prefix))
  return index.keyAt(start) === after ? start + 1 : start
}

function commonPrefixOf(key: string, prefix: string, delimiter: string): string | undefined {
  const mark = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
  return mark < 0 ? undefined : key.slice(0, mark + delimiter.length)
}
