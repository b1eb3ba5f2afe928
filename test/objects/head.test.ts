import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { headStore } from '../../lib/objects/head.ts'
import { createMemoryStore } from '../../lib/objects/memory.ts'

const bucket = 'logs'
const LINES = 'first\nsecond\nthird\n'

const heads = (body: string, headBytes: number) =>
  headStore(createMemoryStore({ buckets: { [bucket]: { a: body } } }), headBytes)

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

async function readAll(store: ReturnType<typeof heads>): Promise<string> {
  const object = await store.stat({ bucket, key: 'a' })
  return Buffer.concat(await collect(store.read({ ...object, start: 0, end: object.size }))).toString()
}

describe('a store of heads', () => {
  test('ends an object with the last line that fits', async () => {
    expect(await readAll(heads(LINES, 15))).toBe('first\nsecond\n')
  })

  test('cuts an object without a line end at the limit of the head', async () => {
    expect(await readAll(heads('no line end here', 7))).toBe('no line')
  })

  test('shows a short object whole', async () => {
    expect(await readAll(heads(LINES, LINES.length))).toBe(LINES)
  })

  test('reports the same length in a listing and for the object alone', async () => {
    const store = heads(LINES, 8)
    const listed = await collect(store.list({ bucket }))
    expect(listed).toEqual([await store.stat({ bucket, key: 'a' })])
    expect(listed[0]!.size).toBe('first\n'.length)
  })

  test('refuses to read beyond the head, although the object is longer', async () => {
    const store = heads(LINES, 8)
    const object = await store.stat({ bucket, key: 'a' })
    const beyond = collect(store.read({ ...object, start: 0, end: LINES.length }))
    await expect(beyond).rejects.toMatchObject({ code: 'OBJECT_RANGE_INVALID' })
  })

  test('never shows more than the head, and only the beginning of the object', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.integer({ min: 1, max: 40 }), async (body, headBytes) => {
        const bytes = Buffer.from(body)
        const object = await heads(body, headBytes).stat({ bucket, key: 'a' })
        expect(object.size).toBeLessThanOrEqual(Math.min(headBytes, bytes.length))
      }),
    )
  })
})
