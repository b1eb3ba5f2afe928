import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../lib/objects/memory.ts'
import { planListing, scopeStore } from '../../lib/objects/scoped.ts'
import type { ObjectStore } from '../../lib/objects/store.ts'
import { inScope, type Scope } from '../../lib/scope.ts'
import { collect, describeObjectStore, expectCode, listKeys, readChunks } from '../contracts/object-store.ts'

const bucket = 'contract'

function scopesOf(...prefixes: string[]): Scope[] {
  return prefixes.map((prefix) => ({ bucket, prefix, actions: ['read'] }))
}

function storeOf(...keys: string[]) {
  return createMemoryStore({ buckets: { [bucket]: Object.fromEntries(keys.map((key) => [key, key])) } })
}

describeObjectStore('a store narrowed to whole buckets', {
  async open(buckets) {
    const store = createMemoryStore({ buckets })
    const scopes: Scope[] = [...Object.keys(buckets), 'missing'].map((name) => ({
      bucket: name,
      prefix: '',
      actions: ['read'],
    }))
    return { store: scopeStore(store, scopes), put: async (name, key, body) => store.put(name, key, body) }
  },
})

describe('a scoped store', () => {
  const store = scopeStore(storeOf('logs', 'logs-old/x', 'logs/2025/a', 'logs/2026/a', 'other'), scopesOf('logs/2026'))

  test('reads within its scope', async () => {
    const object = await store.stat({ bucket, key: 'logs/2026/a' })
    expect(Buffer.concat(await readChunks(store, object)).toString()).toBe('logs/2026/a')
  })

  test.each(['logs/2025/a', 'logs-old/x', 'logs/2026-backup', 'logs', '', 'not/there'])(
    'refuses the key %j, whether or not it exists',
    async (key) => {
      await expectCode(store.stat({ bucket, key }), 'OBJECT_OUT_OF_SCOPE')
      await expectCode(readChunks(store, { bucket, key, etag: 'x', size: 1 }), 'OBJECT_OUT_OF_SCOPE')
    },
  )

  test('refuses a bucket outside the scopes, whether or not it exists', async () => {
    await expectCode(store.stat({ bucket: 'elsewhere', key: 'logs/2026/a' }), 'OBJECT_OUT_OF_SCOPE')
    await expectCode(listKeys(store, { bucket: 'elsewhere' }), 'OBJECT_OUT_OF_SCOPE')
  })

  test('reports the request, the scopes and how to grant access', async () => {
    await expect(store.stat({ bucket, key: 'other' })).rejects.toMatchObject({
      message: 'object "other" is outside the granted prefixes "logs/2026" of bucket "contract"',
      remedy: "add it to the agent's data with --data s3://contract/other",
    })
    await expect(listKeys(store, { bucket: 'b', prefix: 'p' })).rejects.toMatchObject({
      message: 'prefix "p" is outside the granted scopes, none of which is of bucket "b"',
      remedy: "add it to the agent's data with --data s3://b/p",
    })
  })

  test('refuses to list outside the scopes, instead of returning an empty list', async () => {
    await expectCode(listKeys(store, { prefix: 'other' }), 'OBJECT_OUT_OF_SCOPE')
    await expectCode(listKeys(store, { prefix: 'logs/2025/' }), 'OBJECT_OUT_OF_SCOPE')
  })

  test('grants nothing without scopes', async () => {
    await expectCode(listKeys(scopeStore(storeOf('a'), [])), 'OBJECT_OUT_OF_SCOPE')
  })

  test('is not affected by later changes of the scopes', async () => {
    const scopes = scopesOf('a')
    const held = scopeStore(storeOf('a', 'b'), scopes)
    scopes[0] = { bucket, prefix: '', actions: ['read'] }
    expect(await listKeys(held)).toEqual(['a'])
  })
})

describe('a listing of a scoped store', () => {
  test('of a broader prefix returns what is in scope', async () => {
    const store = scopeStore(
      storeOf('logs/2025/a', 'logs/2026/a', 'logs/2026/b', 'logs/2027/a'),
      scopesOf('logs/2026/'),
    )
    expect(await listKeys(store, { prefix: 'logs/' })).toEqual(['logs/2026/a', 'logs/2026/b'])
    expect(await listKeys(store, { prefix: 'logs/2026/b' })).toEqual(['logs/2026/b'])
    expect(await listKeys(store)).toEqual(['logs/2026/a', 'logs/2026/b'])
  })

  test('matches whole segments: "logs" leaks no "logs-old"', async () => {
    const store = scopeStore(storeOf('logs', 'logs!', 'logs-old/x', 'logs/x', 'logsx'), scopesOf('logs'))
    expect(await listKeys(store)).toEqual(['logs', 'logs/x'])
    expect(await listKeys(store, { prefix: 'logs' })).toEqual(['logs', 'logs/x'])
  })

  test('of overlapping scopes returns every key once, in order', async () => {
    const store = scopeStore(storeOf('a/1', 'a/b/2', 'a/c/3', 'b'), scopesOf('b', 'a/c/', 'a/', 'a/b/2', 'a'))
    expect(await listKeys(store)).toEqual(['a/1', 'a/b/2', 'a/c/3', 'b'])
  })

  test('never requests names out of scope from the store', async () => {
    const asked: string[] = []
    const store = storeOf('logs', 'logs-old/x', 'logs/x')
    const watched: ObjectStore = {
      ...store,
      stat(ref) {
        asked.push(ref.key)
        return store.stat(ref)
      },
      list(query) {
        asked.push(query.prefix ?? '')
        return store.list(query)
      },
    }
    await collect(scopeStore(watched, scopesOf('logs')).list({ bucket }))
    expect(asked).toEqual(['logs', 'logs/'])
  })

  test('passes on every failure except a missing key', async () => {
    const store = scopeStore(storeOf(), [{ bucket: 'missing', prefix: 'a', actions: ['read'] }])
    await expectCode(listKeys(store, { bucket: 'missing' }), 'BUCKET_NOT_FOUND')
  })
})

describe('planListing', () => {
  test.each([
    ['the whole bucket', [''], 'logs/', [{ prefix: 'logs/' }]],
    ['a prefix within a scope', ['logs/'], 'logs/20', [{ prefix: 'logs/20' }]],
    ['a scope within a prefix', ['logs/2026/'], 'lo', [{ prefix: 'logs/2026/' }]],
    ['a scope without a slash', ['logs'], '', [{ key: 'logs' }, { prefix: 'logs/' }]],
    ['the part of it below the slash', ['logs'], 'logs/', [{ prefix: 'logs/' }]],
    ['scopes within a scope', ['a/b', 'a/'], '', [{ prefix: 'a/' }]],
    ['equal scopes', ['a', 'a'], '', [{ key: 'a' }, { prefix: 'a/' }]],
    ['scopes between one another', ['a', 'a!'], '', [{ key: 'a' }, { key: 'a!' }, { prefix: 'a!/' }, { prefix: 'a/' }]],
    ['a prefix that is a key and more', ['a', ''], 'a', [{ prefix: 'a' }]],
    ['nothing in common', ['a/'], 'b', []],
  ])('plans %s', (_, prefixes, prefix, steps) => {
    expect(planListing(scopesOf(...prefixes), bucket, prefix)).toEqual(steps)
  })

  test('omits the scopes of other buckets', () => {
    expect(planListing([{ bucket: 'other', prefix: '', actions: ['read'] }], bucket, '')).toEqual([])
  })
})

test('a scoped listing equals the whole listing filtered by scope', async () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-', '!', '🚀', 'ﬀ'), maxLength: 5 })
  const names = fc.array(name, { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(names, names, name, async (keys, prefixes, prefix) => {
      const store = storeOf(...keys)
      const scopes = scopesOf(...prefixes)
      const expected = (await listKeys(store, { prefix })).filter((key) => inScope(scopes, bucket, key))
      if (planListing(scopes, bucket, prefix).length === 0) expect(expected).toEqual([])
      else expect(await listKeys(scopeStore(store, scopes), { prefix })).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})
