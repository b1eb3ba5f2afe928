import { type CallReply, call } from './prelude/calls.ts'
import { callInWorker } from './prelude/kernel-calls.ts'

/** A thread that runs kernels beside the agent's own thread. */
export interface KernelWorker {
  /** From 0. */
  readonly number: number
  /**
   * Calls a kernel in this worker. Each worker has its own instance of the kernel, with its own static variables. A
   * chunk is moved to the worker and back; a typed array is copied.
   *
   * @throws KernelError what the kernel itself throws, and `KERNEL_BUSY` for a chunk that another call is using
   */
  call<Values extends readonly unknown[], Result>(
    kernel: (...values: Values) => Result,
    ...values: Values
  ): Promise<Result>
}

/**
 * Runs `work` on as many items at once as the place has workers, and returns the results in the order of the items. If
 * one item fails, no further items start. Items that have started finish, and then the first error, in the order of the
 * items, is thrown.
 *
 * @example
 * const counts = await here.parallel(here.objects('logs/'), async (object, worker) => {
 *   let newlines = 0
 *   for await (const chunk of object.chunks()) newlines += await worker.call(count, chunk)
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

/** Takes items one after the other, since not every iterator supports two `next` calls at once. */
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
