/**
 * Reads streams of the host, batch by batch. The host reads ahead and decodes. A batch that is ready is returned
 * without a promise, so the agent waits only when the buffer is empty.
 */
import { type CallReply, call, nextNumber, tell } from './prelude/calls.ts'
import { stringify } from './prelude/captured.ts'

/** One version of an object, or a part of it. */
export interface ObjectSource {
  readonly from: 'object'
  readonly bucket: string
  readonly key: string
  readonly etag: string
  readonly start: number
  readonly end: number
}

/** What to read, as the host calls expect it. */
export type Source =
  | ObjectSource
  | { readonly from: 'list'; readonly prefix: string }
  | { readonly from: 'stat'; readonly name: string }

/** How to decode it. */
export type Format =
  | { readonly as: 'chunks' | 'bytes' | 'text' | 'lines' | 'pages' }
  | {
      readonly as: 'csv'
      readonly delimiter: string
      readonly numbers: readonly string[]
      readonly columns: readonly string[] | undefined
      readonly header: readonly string[] | undefined
    }

/** An open stream. The host reads ahead as soon as it is open. */
export interface OpenStream {
  next(): CallReply | Promise<CallReply>
  close(): void
}

export function openStream(source: Source, format: Format): OpenStream {
  const number = nextNumber()
  const reference = `${number}`
  tell('open', stringify({ source, format }), number)
  return { next: () => call('next', reference), close: () => tell('close', reference) }
}

/** The replies of a stream until its end. Closes the stream when the loop ends, also by an error or a `break`. */
export async function* replies(stream: OpenStream): AsyncGenerator<CallReply, void, undefined> {
  try {
    for (;;) {
      const reply = await stream.next()
      if (reply.text === undefined && reply.bytes === undefined) return
      yield reply
    }
  } finally {
    stream.close()
  }
}

/** The reply of a stream that has only one. Closes the stream. */
export async function onlyReply(source: Source, format: Format): Promise<CallReply> {
  const stream = openStream(source, format)
  try {
    return await stream.next()
  } finally {
    stream.close()
  }
}

/**
 * Iterates over the items of batches. Not an async generator: within a batch `next` returns a result instead of a
 * promise, which costs a loop one microtask per item instead of three.
 */
export function eachItem<Batch, Item>(
  batches: AsyncIterator<Batch, void, undefined>,
  itemsOf: (batch: Batch) => readonly Item[],
): AsyncIterableIterator<Item> {
  let items: readonly Item[] = []
  let index = 0
  let advancing: Promise<unknown> | undefined

  async function advance(): Promise<IteratorResult<Item>> {
    const { done, value } = await batches.next()
    advancing = undefined
    if (done === true || value === undefined) return { value: undefined, done: true }
    items = itemsOf(value)
    index = 0
    return items.length === 0 ? advance() : { value: items[index++]!, done: false }
  }

  const iterator = {
    next(): IteratorResult<Item> | Promise<IteratorResult<Item>> {
      if (index < items.length) return { value: items[index++]!, done: false }
      if (advancing !== undefined) return advancing.then(() => iterator.next())
      const step = advance()
      advancing = step
      return step
    },
    async return(): Promise<IteratorResult<Item>> {
      items = []
      await batches.return?.()
      return { value: undefined, done: true }
    },
    [Symbol.asyncIterator]() {
      return iterator
    },
  }
  return iterator as unknown as AsyncIterableIterator<Item>
}
