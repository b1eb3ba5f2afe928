import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyIndex } from '../../../lib/local/s3/key-index.ts'
import { listPage, type Page, type PageQuery } from '../../../lib/local/s3/list-page.ts'

const inBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const indexOf = (keys: readonly string[]) => new KeyIndex(keys.map((key) => [key, key] as const))
/** Keys that share prefixes, contain the delimiter, and need more than one UTF-16 unit. */
const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-', 'é', '\uffee', '😀'), minLength: 1, maxLength: 6 })
const keys = fc.uniqueArray(key, { maxLength: 60 })

function allPages(index: KeyIndex<string>, query: Omit<PageQuery, 'after'>): Page[] {
  const pages: Page[] = []
  let after: string | undefined = ''
  while (after !== undefined) {
    const page = listPage(index, { ...query, after })
    pages.push(page)
    after = page.next
  }
  return pages
}

/** Implements S3's documented listing without an index: filter, group, sort. */
function listAll(
  keys: readonly string[],
  prefix: string,
  delimiter: string,
): { keys: string[]; commonPrefixes: string[] } {
  const matching = keys.filter((key) => key.startsWith(prefix)).sort(inBytes)
  const rolled = matching.map((key) => {
    const mark = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    return mark < 0 ? undefined : key.slice(0, mark + delimiter.length)
  })
  return {
    keys: matching.filter((_, i) => rolled[i] === undefined),
    commonPrefixes: [...new Set(rolled.filter((common) => common !== undefined))],
  }
}

describe('an index of keys', () => {
  it('keeps the order of UTF-8 bytes for any insertions and deletions', () => {
    const step = fc.tuple(fc.boolean(), key)
    fc.assert(
      fc.property(keys, fc.array(step), (start, steps) => {
        const index = indexOf(start)
        const expected = new Set(start)
        for (const [adds, key] of steps) {
          if (adds) index.set(key, key)
          else index.delete(key)
          expected[adds ? 'add' : 'delete'](key)
        }
        const listed = Array.from({ length: index.size }, (_, i) => index.keyAt(i))
        expect(listed).toEqual([...expected].sort(inBytes))
        for (const key of expected) expect(index.get(key)).toBe(key)
      }),
    )
  })

  it('returns the previous value', () => {
    const index = new KeyIndex([['a', 1]])
    expect([index.set('a', 2), index.set('b', 3), index.delete('a'), index.delete('a')]).toEqual([
      1,
      undefined,
      2,
      undefined,
    ])
  })
})

describe('pages', () => {
  it('together are the whole listing, with each key and common prefix once and in order', () => {
    const delimiter = fc.constantFrom('', '/', '-', 'a/')
    const prefix = fc.constantFrom('', 'a', 'a/', 'é', '/')
    fc.assert(
      fc.property(keys, prefix, delimiter, fc.integer({ min: 1, max: 7 }), (keys, prefix, delimiter, limit) => {
        const pages = allPages(indexOf(keys), { prefix, delimiter, limit })
        const joined = {
          keys: pages.flatMap((page) => page.keys),
          commonPrefixes: pages.flatMap((page) => page.commonPrefixes),
        }
        expect(joined).toEqual(listAll(keys, prefix, delimiter))
        for (const page of pages) expect(page.keys.length + page.commonPrefixes.length).toBeLessThanOrEqual(limit)
      }),
      { numRuns: 500 },
    )
  })

  it('start after any key, whether or not it exists', () => {
    fc.assert(
      fc.property(keys, key, (keys, after) => {
        const page = listPage(indexOf(keys), { prefix: '', delimiter: '', after, limit: 1000 })
        expect(page.keys).toEqual(keys.filter((key) => inBytes(key, after) > 0).sort(inBytes))
      }),
    )
  })

  it('report more results only if there are more', () => {
    const index = indexOf(['a', 'b', 'c'])
    const query = { prefix: '', delimiter: '', after: '' }
    expect(listPage(index, { ...query, limit: 3 }).next).toBeUndefined()
    expect(listPage(index, { ...query, limit: 2 }).next).toBe('b')
    expect(listPage(index, { ...query, limit: 0 })).toEqual({ keys: [], commonPrefixes: [], next: undefined })
  })

  it('skip a common prefix of 100,000 keys in a few steps', () => {
    const index = indexOf(Array.from({ length: 100_000 }, (_, i) => `deep/${i}`).concat('a', 'z'))
    let looks = 0
    const counted = {
      keyAt: (position: number) => {
        looks++
        return index.keyAt(position)
      },
      seek: (key: string) => index.seek(key),
      seekPast: (prefix: string) => index.seekPast(prefix),
    }
    const page = listPage(counted, { prefix: '', delimiter: '/', after: '', limit: 1000 })
    expect(page).toEqual({ keys: ['a', 'z'], commonPrefixes: ['deep/'], next: undefined })
    expect(looks).toBeLessThan(10)
  })
})
