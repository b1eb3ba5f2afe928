import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eachItem } from '../../lib/agent/reading.ts'

async function* yielding<T>(batches: readonly T[], log: string[] = []): AsyncGenerator<T, void, undefined> {
  try {
    yield* batches
  } finally {
    log.push('closed')
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('iterating over the items of batches', () => {
  test('gives every item once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.integer())), async (batches) => {
        expect(await collect(eachItem(yielding(batches), (batch) => batch))).toEqual(batches.flat())
      }),
    )
  })

  test('gives every item once when several are asked for at the same time', async () => {
    const items = eachItem(yielding([[1, 2], [], [3], [4, 5]]), (batch) => batch)
    const results = await Promise.all(Array.from({ length: 7 }, () => items.next()))
    expect(results.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5, undefined, undefined])
  })

  test('closes the source when the loop ends early', async () => {
    const log: string[] = []
    for await (const item of eachItem(yielding([[1], [2]], log), (batch) => batch)) if (item === 1) break
    expect(log).toEqual(['closed'])
  })

  test('yields nothing after it has been closed', async () => {
    const items = eachItem(yielding([[1, 2]]), (batch) => batch)
    await items.next()
    await items.return!()
    expect(await items.next()).toEqual({ value: undefined, done: true })
  })

  test('passes on the error of the source', async () => {
    const failing = (async function* (): AsyncGenerator<number[], void, undefined> {
      yield [1]
      throw new Error('broken')
    })()
    await expect(collect(eachItem(failing, (batch) => batch))).rejects.toThrow('broken')
  })
})
