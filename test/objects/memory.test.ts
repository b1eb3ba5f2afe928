import { expect, test } from 'vitest'
import { createMemoryStore } from '../../lib/objects/memory.ts'
import { describeObjectStore, listKeys, readChunks } from '../contracts/object-store.ts'

describeObjectStore('memory', {
  async open(buckets) {
    const store = createMemoryStore({ buckets })
    return { store, put: async (bucket, key, body) => store.put(bucket, key, body) }
  },
})

test('a put creates its bucket and copies the bytes', async () => {
  const store = createMemoryStore()
  const body = new Uint8Array([1, 2, 3])
  store.put('contract', 'a', body)
  body.fill(9)
  expect(await listKeys(store)).toEqual(['a'])
  const chunks = await readChunks(store, await store.stat({ bucket: 'contract', key: 'a' }))
  expect(chunks).toEqual([new Uint8Array([1, 2, 3])])
})

test('equal bytes have equal versions', async () => {
  const store = createMemoryStore({ buckets: { one: { a: 'x' }, two: { b: 'x' } } })
  const [a, b] = [await store.stat({ bucket: 'one', key: 'a' }), await store.stat({ bucket: 'two', key: 'b' })]
  expect(a.etag).toBe(b.etag)
})
