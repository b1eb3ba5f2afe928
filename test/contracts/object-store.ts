import { describe, expect, onTestFinished, test } from 'vitest'
import type { ObjectCode } from '../../lib/errors.ts'
import type { ListQuery, ObjectStat, ObjectStore, ReadRequest } from '../../lib/objects/store.ts'

/** Objects by bucket and key. */
export type Seed = Record<string, Record<string, Uint8Array | string>>

export interface StoreUnderTest {
  readonly store: ObjectStore
  /** Writes to the store directly, as another client would. */
  put(bucket: string, key: string, body: Uint8Array | string): Promise<void>
  close?(): Promise<void>
}

export interface ObjectStoreContract {
  /** Makes a store that holds these objects, and no bucket called `missing`. */
  open(seed: Seed): Promise<StoreUnderTest>
  /** Whether it can hold keys that no path can name, such as `a//b` and `./c`. @default true */
  readonly oddKeys?: boolean
}

const BUCKET = 'contract'

/** The contract of every {@link ObjectStore}. */
export function describeObjectStore(name: string, { open, oddKeys = true }: ObjectStoreContract): void {
  async function openStore(objects: Seed[string], others: Seed = {}): Promise<StoreUnderTest> {
    const opened = await open({ [BUCKET]: objects, ...others })
    onTestFinished(() => opened.close?.())
    return opened
  }

  describe(`${name} keeps the contract of an object store`, () => {
    describe('stat', () => {
      test('returns the size and a version without quotes', async () => {
        const { store } = await openStore({ 'a.txt': 'hello' })
        const stat = await store.stat({ bucket: BUCKET, key: 'a.txt' })
        expect(stat).toEqual({ bucket: BUCKET, key: 'a.txt', size: 5, etag: expect.stringMatching(/^[^"]+$/) })
      })

      test('returns another version after the object has changed', async () => {
        const { store, put } = await openStore({ 'a.txt': 'hello' })
        const before = await store.stat({ bucket: BUCKET, key: 'a.txt' })
        await put(BUCKET, 'a.txt', 'world!')
        expect((await store.stat({ bucket: BUCKET, key: 'a.txt' })).etag).not.toBe(before.etag)
      })

      test('says which is missing, object or bucket', async () => {
        const { store } = await openStore({ 'a/b.txt': 'hello' })
        await expectCode(store.stat({ bucket: BUCKET, key: 'nothing' }), 'OBJECT_NOT_FOUND')
        await expectCode(store.stat({ bucket: BUCKET, key: 'a' }), 'OBJECT_NOT_FOUND')
        await expectCode(store.stat({ bucket: 'missing', key: 'a' }), 'BUCKET_NOT_FOUND')
      })

      test('throws the reason of an aborted signal', async () => {
        const { store } = await openStore({ 'a.txt': 'hello' })
        await expect(store.stat({ bucket: BUCKET, key: 'a.txt' }, AbortSignal.abort('enough'))).rejects.toBe('enough')
      })
    })

    describe('list', () => {
      test('yields what stat returns', async () => {
        const { store } = await openStore({ 'a.txt': 'hello', 'b/c.txt': '' })
        const listed = await collect(store.list({ bucket: BUCKET }))
        expect(listed).toEqual(await Promise.all(listed.map((object) => store.stat(object))))
        expect(listed.map(({ key, size }) => [key, size])).toEqual([
          ['a.txt', 5],
          ['b/c.txt', 0],
        ])
      })

      test('sorts keys by their UTF-8 bytes', async () => {
        const keys = ['A', 'a b', 'a!b', 'a+b', 'a-/x', 'a.txt', 'a/b', 'a/b!', 'a0', 'b%2Fc', 'é', 'ﬀ', '🚀/x']
        const { store } = await openStore(Object.fromEntries(keys.toReversed().map((key) => [key, key])))
        expect(await listKeys(store)).toEqual(keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
      })

      test('yields the keys that start with a prefix, be it a folder or the start of a name', async () => {
        const { store } = await openStore({ 'logs/1': '', 'logs/2/x': '', 'logs-old/1': '', other: '' })
        expect(await listKeys(store, { prefix: 'logs/' })).toEqual(['logs/1', 'logs/2/x'])
        expect(await listKeys(store, { prefix: 'logs' })).toEqual(['logs-old/1', 'logs/1', 'logs/2/x'])
        expect(await listKeys(store, { prefix: 'logs/2/x' })).toEqual(['logs/2/x'])
        expect(await listKeys(store, { prefix: 'nothing' })).toEqual([])
      })

      test('continues after the first thousand', async () => {
        const keys = Array.from({ length: 1003 }, (_, i) => `page/${String(i).padStart(4, '0')}`)
        const { store } = await openStore(Object.fromEntries(keys.map((key) => [key, ''])))
        expect(await listKeys(store, { prefix: 'page/' })).toEqual(keys)
      })

      test('yields nothing for an empty bucket, and throws for a missing one', async () => {
        const { store } = await openStore({})
        expect(await listKeys(store)).toEqual([])
        await expectCode(collect(store.list({ bucket: 'missing' })), 'BUCKET_NOT_FOUND')
      })

      test('throws the reason of a signal that aborts half way', async () => {
        const { store } = await openStore({ a: '', b: '' })
        const abort = new AbortController()
        const objects = store.list({ bucket: BUCKET, signal: abort.signal })[Symbol.asyncIterator]()
        expect((await objects.next()).value).toMatchObject({ key: 'a' })
        abort.abort('enough')
        await expect(objects.next()).rejects.toBe('enough')
      })
    })

    describe('read', () => {
      const body = patternBytes(300_000)

      test.each([
        ['the whole', 0, 300_000],
        ['the first byte', 0, 1],
        ['the last byte', 299_999, 300_000],
        ['a stretch across chunks', 65_535, 131_073],
      ])('covers exactly %s, in chunks that are never empty', async (_, start, end) => {
        const { store } = await openStore({ data: body })
        const chunks = await readChunks(store, await store.stat({ bucket: BUCKET, key: 'data' }), { start, end })
        expect(chunks.every((chunk) => chunk.length > 0)).toBe(true)
        expect(Buffer.concat(chunks).equals(body.subarray(start, end))).toBe(true)
      })

      test('yields nothing for an empty range anywhere', async () => {
        const { store } = await openStore({ data: body, empty: '' })
        const data = await store.stat({ bucket: BUCKET, key: 'data' })
        for (const at of [0, 7, 300_000]) expect(await readChunks(store, data, { start: at, end: at })).toEqual([])
        const empty = await store.stat({ bucket: BUCKET, key: 'empty' })
        expect(await readChunks(store, empty, { start: 0, end: 0 })).toEqual([])
      })

      test.each([
        ['ends past the object', 0, 300_001],
        ['starts and ends past the object', 300_001, 300_002],
        ['is empty and lies past the object', 300_001, 300_001],
        ['runs backwards', 2, 1],
        ['starts below zero', -1, 1],
        ['is not of whole bytes', 0.5, 1],
      ])('refuses a range that %s, before the first chunk', async (_, start, end) => {
        const { store } = await openStore({ data: body })
        const data = await store.stat({ bucket: BUCKET, key: 'data' })
        const first = store
          .read({ ...data, start, end })
          [Symbol.asyncIterator]()
          .next()
        await expectCode(first, 'OBJECT_RANGE_INVALID')
      })

      test('yields chunks that the caller may overwrite', async () => {
        const { store } = await openStore({ data: body })
        const data = await store.stat({ bucket: BUCKET, key: 'data' })
        for (const chunk of await readChunks(store, data)) chunk.fill(0)
        expect(Buffer.concat(await readChunks(store, data)).equals(body)).toBe(true)
      })

      test('refuses a former version, even for an empty range', async () => {
        const { store, put } = await openStore({ data: body })
        const data = await store.stat({ bucket: BUCKET, key: 'data' })
        await put(BUCKET, 'data', patternBytes(300_000, 1))
        await expectCode(readChunks(store, data), 'OBJECT_CHANGED')
        await expectCode(readChunks(store, data, { start: 0, end: 0 }), 'OBJECT_CHANGED')
      })

      test('never mixes two versions when the object changes half way', async () => {
        const { store, put } = await openStore({ data: body })
        const data = await store.stat({ bucket: BUCKET, key: 'data' })
        const chunks: Uint8Array[] = []
        const reading = (async () => {
          for await (const chunk of store.read({ ...data, start: 0, end: data.size })) {
            if (chunks.push(chunk) === 1) await put(BUCKET, 'data', patternBytes(300_000, 1))
          }
        })()
        await reading.catch((error) => expect(error).toMatchObject({ code: 'OBJECT_CHANGED' }))
        const received = Buffer.concat(chunks)
        expect(received.equals(body.subarray(0, received.length))).toBe(true)
      })

      test('says which is missing, object or bucket', async () => {
        const { store } = await openStore({ data: body })
        const data = await store.stat({ bucket: BUCKET, key: 'data' })
        await expectCode(readChunks(store, { ...data, key: 'nothing' }), 'OBJECT_NOT_FOUND')
        await expectCode(readChunks(store, { ...data, bucket: 'missing' }), 'BUCKET_NOT_FOUND')
      })

      test('throws the reason of a signal, aborted before or half way', async () => {
        const { store } = await openStore({ data: patternBytes(3_000_000) })
        const data = await store.stat({ bucket: BUCKET, key: 'data' })
        await expect(readChunks(store, data, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough')
        const abort = new AbortController()
        const chunks = store.read({ ...data, start: 0, end: data.size, signal: abort.signal })[Symbol.asyncIterator]()
        expect((await chunks.next()).done).toBe(false)
        abort.abort('enough')
        await expect(chunks.next()).rejects.toBe('enough')
      })

      test('can be ended early and read again', async () => {
        const { store } = await openStore({ data: body })
        const data = await store.stat({ bucket: BUCKET, key: 'data' })
        for await (const chunk of store.read({ ...data, start: 0, end: data.size })) {
          expect(chunk[0]).toBe(body[0])
          break
        }
        expect(Buffer.concat(await readChunks(store, data)).equals(body)).toBe(true)
      })

      test('keeps many reads at once apart', async () => {
        const bodies = Array.from({ length: 12 }, (_, i) => patternBytes(50_000 + i, i))
        const { store } = await openStore(Object.fromEntries(bodies.map((bytes, i) => [`many/${i}`, bytes])))
        const read = async (bytes: Buffer, i: number) => {
          const chunks = await readChunks(store, await store.stat({ bucket: BUCKET, key: `many/${i}` }))
          return Buffer.concat(chunks).equals(bytes)
        }
        expect(await Promise.all(bodies.map(read))).toEqual(bodies.map(() => true))
      })
    })

    describe('keys', () => {
      test('are taken literally', async () => {
        const keys = ['a b', 'a+b', 'a%20b', 'a%2Fb', 'a?b=c', 'a#b', '<&>"\'', ' x ', 'ünï/çødé', '日本/🚀']
        const { store } = await openStore(Object.fromEntries(keys.map((key) => [key, `content of ${key}`])))
        for (const key of keys) expect(await readText(store, key)).toBe(`content of ${key}`)
        expect(new Set(await listKeys(store))).toEqual(new Set(keys))
      })

      test.each([
        ['empty', ''],
        ['too long', 'k'.repeat(1025)],
        ['broken Unicode', 'a\ud83d'],
      ])('that no store can hold are not found: %s', async (_, key) => {
        const { store } = await openStore({ 'a\ufffd': 'another' })
        await expectCode(store.stat({ bucket: BUCKET, key }), 'OBJECT_NOT_FOUND')
        await expectCode(readChunks(store, { bucket: BUCKET, key, etag: 'x', size: 1 }), 'OBJECT_NOT_FOUND')
      })

      test.skipIf(!oddKeys)('may be names that no path could have', async () => {
        const keys = ['./c', '/e', 'a', 'a//b', 'a/b', 'a/', 'f/../g', 'line\nbreak']
        const { store } = await openStore(Object.fromEntries(keys.map((key) => [key, `content of ${key}`])))
        for (const key of keys) expect(await readText(store, key)).toBe(`content of ${key}`)
        expect(await listKeys(store)).toEqual(keys.toSorted())
      })
    })
  })
}

/** Bytes that depend on their position, so that no two ranges of an object are equal by chance. */
export function patternBytes(length: number, salt = 0): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) * 17 + (i >> 16) * 7 + salt * 101) & 0xff
  return bytes
}

export async function expectCode(work: Promise<unknown>, code: ObjectCode): Promise<void> {
  await expect(work).rejects.toMatchObject({ name: 'ObjectError', code })
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

export async function listKeys(store: ObjectStore, query: Partial<ListQuery> = {}): Promise<string[]> {
  return (await collect(store.list({ bucket: BUCKET, ...query }))).map(({ key }) => key)
}

export async function readChunks(
  store: ObjectStore,
  object: ObjectStat,
  options: Partial<Pick<ReadRequest, 'start' | 'end' | 'signal'>> = {},
): Promise<Uint8Array[]> {
  const { bucket, key, etag, size } = object
  const chunks: Uint8Array[] = []
  for await (const chunk of store.read({ bucket, key, etag, start: 0, end: size, ...options })) chunks.push(chunk)
  return chunks
}

async function readText(store: ObjectStore, key: string): Promise<string> {
  return Buffer.concat(await readChunks(store, await store.stat({ bucket: BUCKET, key }))).toString()
}
