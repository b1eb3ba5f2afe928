import { eachItem } from './reading.ts'

/**
 * Items that the host delivers in batches. `for await` over a sequence yields single items. Over `batches()` it yields
 * whole batches, which is several times faster for many items.
 *
 * @example
 * for await (const line of object.lines()) if (line.includes('ERROR')) count++
 *
 * for await (const lines of object.lines().batches()) count += lines.filter((line) => line.includes('ERROR')).length
 */
export interface Sequence<Item, Batch = readonly Item[]> extends AsyncIterable<Item> {
  /** The same items, batch by batch. */
  batches(): AsyncIterableIterator<Batch>
}

/** Makes a sequence. Each iteration calls `open` again. */
export function createSequence<Item, Batch>(
  open: () => AsyncGenerator<Batch, void, undefined>,
  itemsOf: (batch: Batch) => readonly Item[],
): Sequence<Item, Batch> {
  return {
    batches: () => open(),
    [Symbol.asyncIterator]: () => eachItem(open(), itemsOf),
  }
}
