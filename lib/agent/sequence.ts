import { eachItem } from './reading.ts'

/**
 * Items that come in batches. `for await` over it gives items one by one; over `batches()` whole batches, which is
 * several times faster where there are many items.
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

/** A sequence over what `open` gives; each iteration opens anew. */
export function createSequence<Item, Batch>(
  open: () => AsyncGenerator<Batch, void, undefined>,
  itemsOf: (batch: Batch) => readonly Item[],
): Sequence<Item, Batch> {
  return {
    batches: () => open(),
    [Symbol.asyncIterator]: () => eachItem(open(), itemsOf),
  }
}
