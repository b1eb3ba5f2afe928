import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FetchPart, readInOrder } from '../../lib/objects/parts-in-order.ts'
import { type Part, planParts } from '../../lib/objects/read-plan.ts'
import { collect } from '../contracts/object-store.ts'

/** Part fetches that the test completes, by the number of the part. */
function holdFetches() {
  const begun: { part: Part; signal: AbortSignal; deliver(text: string): void; end(): void; fail(e: unknown): void }[] =
    []
  const fetch = (part: Part, deliver: (chunk: Uint8Array) => void, signal: AbortSignal) =>
    new Promise<void>((end, fail) => {
      begun.push({ part, signal, deliver: (text) => deliver(Buffer.from(text)), end, fail })
    })
  return { begun, fetch }
}

/** Reads `parts` parts with three fetches at once. */
function startReading(parts: number, signal?: AbortSignal) {
  const held = holdFetches()
  const chunks = readInOrder(
    planParts(0, parts, () => 1),
    held.fetch,
    { concurrency: 3, waitingBytes: () => 2, signal },
  )
  const next = async () => {
    const { value, done } = await chunks.next()
    return done ? 'end' : String(value)
  }
  return { ...held, chunks, next }
}

test('later parts wait for the first one, whose chunks pass as they arrive', async () => {
  const { begun, next } = startReading(2)
  const first = next()
  begun[1]?.deliver('c')
  begun[1]?.end()
  begun[0]?.deliver('a')
  expect(await first).toBe('a')
  const second = next()
  begun[0]?.deliver('b')
  begun[0]?.end()
  expect([await second, await next(), await next()]).toEqual(['b', 'c', 'end'])
})

test('starts a part only when another was read to its end', async () => {
  const { begun, next } = startReading(5)
  const first = next()
  expect(begun.map(({ part }) => part.start)).toEqual([0, 1, 2])
  for (const part of begun) part.deliver('x')
  for (const part of begun) part.end()
  await first
  expect(begun).toHaveLength(3)
  await next()
  expect(begun.map(({ part }) => part.start)).toEqual([0, 1, 2, 3])
})

test('pauses a part that is ahead of the reader until half of it was read', async () => {
  const rooms: (Promise<void> | undefined)[] = []
  const fetch: FetchPart = async (_, deliver) => {
    for (const text of ['a', 'b', 'c', 'd']) rooms.push(deliver(Buffer.from(text)))
  }
  const chunks = readInOrder(
    planParts(0, 1, () => 1),
    fetch,
    { concurrency: 1, waitingBytes: () => 4 },
  )
  let room = false
  await chunks.next()
  expect(rooms.map((wait) => wait !== undefined)).toEqual([false, false, false, true])
  void rooms[3]!.then(() => {
    room = true
  })
  for (const expected of [false, false, true]) {
    await chunks.next()
    expect(room).toBe(expected)
  }
})

describe('the end of the reading ends the fetching, for', () => {
  test('a failure of the first part, even with unread chunks', async () => {
    const { begun, next } = startReading(5)
    const first = next()
    begun[0]?.deliver('a')
    begun[0]?.deliver('b')
    expect(await first).toBe('a')
    begun[0]?.fail(new Error('broken'))
    await new Promise(setImmediate)
    await expect(next()).rejects.toThrow('broken')
    expect(begun.map(({ signal }) => signal.aborted)).toEqual([true, true, true])
    expect(await next()).toBe('end')
  })

  test('a failure of a later part, once it is read', async () => {
    const { begun, next } = startReading(5)
    const first = next()
    begun[1]?.fail(new Error('broken'))
    begun[0]?.deliver('a')
    expect(await first).toBe('a')
    begun[0]?.end()
    await expect(next()).rejects.toThrow('broken')
    expect(begun.every(({ signal }) => signal.aborted)).toBe(true)
  })

  test('the signal, with its reason, while the reader waits', async () => {
    const abort = new AbortController()
    const { begun, next } = startReading(5, abort.signal)
    const first = next()
    abort.abort('enough')
    await expect(first).rejects.toBe('enough')
    expect(begun.every(({ signal }) => signal.aborted)).toBe(true)
  })

  test('a signal that was already aborted', async () => {
    const { next } = startReading(5, AbortSignal.abort('enough'))
    await expect(next()).rejects.toBe('enough')
  })

  test('a reader that stops', async () => {
    const { begun, chunks, next } = startReading(5)
    const first = next()
    begun[0]?.deliver('a')
    await first
    await chunks.return()
    expect(begun.map(({ signal }) => signal.aborted)).toEqual([true, true, true])
  })
})

test('many readings can share a signal, and leave no listener on it', async () => {
  const { signal } = new AbortController()
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  const readings = Array.from({ length: 30 }, () => startReading(1, signal))
  const first = readings.map(({ next }) => next())
  expect(getEventListeners(signal, 'abort')).toHaveLength(30)
  for (const { begun } of readings) begun[0]?.end()
  expect(new Set(await Promise.all(first))).toEqual(new Set(['end']))
  await new Promise(setImmediate)
  process.off('warning', onWarning)
  expect(getEventListeners(signal, 'abort')).toEqual([])
  expect(warnings).toEqual([])
})

test('zero parts give zero chunks', async () => {
  expect(await startReading(0).next()).toBe('end')
})

test('parts that arrive in any order are returned in order', async () => {
  const delays = fc.array(fc.nat({ max: 5 }), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(delays, fc.integer({ min: 1, max: 4 }), async (turns, concurrency) => {
      const fetch = async ({ start }: Part, deliver: (chunk: Uint8Array) => void) => {
        for (let turn = turns[start] ?? 0; turn > 0; turn--) await Promise.resolve()
        deliver(Uint8Array.of(start))
      }
      const chunks = await collect(
        readInOrder(
          planParts(0, turns.length, () => 1),
          fetch,
          { concurrency, waitingBytes: () => 1 },
        ),
      )
      expect(chunks.map(([byte]) => byte)).toEqual(turns.map((_, i) => i))
    }),
  )
})
