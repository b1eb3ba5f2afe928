import { type CallReply, call } from './prelude/calls.ts'
import { callInWorker } from './prelude/kernel-calls.ts'

/** One of the threads that kernels run in, beside the agent's own. */
export interface KernelWorker {
  /** From 0. */
  readonly number: number
  /**
   * Calls a kernel in this lane, which has an instance of it for itself: what its static variables hold stays with the
   * lane. A chunk is moved there and back, a typed array is copied.
   *
   * @throws KernelError as the kernel itself does, and `KERNEL_BUSY` for a chunk that another call works on
   */
  call<Values extends readonly unknown[], Result>(
    kernel: (...values: Values) => Result,
    ...values: Values
  ): Promise<Result>
}

/**
 * Works on as many items at once as the place has lanes, and gives the results in the order of the items. When one
 * fails no other is begun; those at work come to their end, and the first in the order that failed is thrown.
 *
 * @example
 * const counts = await here.parallel(here.objects('logs/'), async (object, lane) => {
 *   let newlines = 0
 *   for await (const chunk of object.chunks()) newlines += await lane.call(count, chunk)
 *   return newlines
 * })
 */
export async function parallel<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  work: (item: Item, worker: KernelWorker) => Result | Promise<Result>,
): Promise<Result[]> {
  const take = takeFrom(items)
  const results: Result[] = []
  const failures: { index: number; error: unknown }[] = []

  async function serve(worker: KernelWorker): Promise<void> {
    while (failures.length === 0) {
      const taken = await take()
      if (taken === undefined) return
      try {
        results[taken.index] = await work(taken.item, worker)
      } catch (error) {
        failures.push({ index: taken.index, error })
      }
    }
  }

  await Promise.all(workers().map(serve))
  if (failures.length === 0) return results
  await take.close()
  throw failures.sort((a, b) => a.index - b.index)[0]!.error
}

function workers(): KernelWorker[] {
  const { text } = call('workers') as CallReply
  return Array.from({ length: Number(text) }, (_, number) => ({
    number,
    call: (kernel, ...values) => callInWorker(number, kernel, values) as Promise<never>,
  }))
}

/** Takes one item after the other, whoever asks: not every iterator bears to be asked twice at once. */
function takeFrom<Item>(items: AsyncIterable<Item> | Iterable<Item>) {
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : (items as Iterable<Item>)[Symbol.iterator]()
  let turn: Promise<unknown> = Promise.resolve()
  let index = 0

  async function next(): Promise<{ index: number; item: Item } | undefined> {
    const { done, value } = await iterator.next()
    return done === true ? undefined : { index: index++, item: value }
  }
  function take(): Promise<{ index: number; item: Item } | undefined> {
    const taken = turn.then(next)
    turn = taken.catch(() => {})
    return taken
  }
  take.close = async () => void (await iterator.return?.())
  return take
}
