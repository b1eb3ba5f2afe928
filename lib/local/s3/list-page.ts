import type { KeyIndex } from './key-index.ts'

/** What a page of a listing asks for. */
export interface PageQuery {
  readonly prefix: string
  /** Empty lists every key on its own. */
  readonly delimiter: string
  /** Keys, and common prefixes, up to and with this one are on earlier pages. */
  readonly after: string
  /** Keys and common prefixes together. */
  readonly limit: number
}

/** A page of a listing, in ascending order of UTF-8 bytes. */
export interface Page {
  readonly keys: readonly string[]
  readonly commonPrefixes: readonly string[]
  /** The last key or common prefix of the page, when there is more to come. */
  readonly next: string | undefined
}

/** Lists a page. It costs a binary search per common prefix, however many keys one stands for. */
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

/** Where a common prefix was the last thing listed, everything under it was listed with it. */
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
