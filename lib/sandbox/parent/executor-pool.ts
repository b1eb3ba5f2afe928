import { realpathSync } from 'node:fs'
import type { Executor, ForkExecutor } from '../wire/executor.ts'
import { ExecutorProcess } from './executor-process.ts'

/**
 * How long after an executor was taken a spare is replaced. To start one takes a quarter of a second of a processor, and a
 * function has no time for it but that of its runs: one that is over sooner should not pay for one that may never come.
 */
const RESTOCK_MS = 1_000
/** A timer that rings later than this has slept with its function, and would ring at the start of a run. */
const LATEST_MS = 2 * RESTOCK_MS

/**
 * Executors, forked ahead of need and used again while they are healthy. One that has run a bundle runs no other: an
 * agent that broke out of its engine unnoticed would find nobody else's work there.
 *
 * Nothing here runs between calls: a function's instance may be frozen in between, so whether an executor still lives
 * is found out by using it.
 */
export class ExecutorPool {
  readonly #assets: string
  readonly #spare: number
  readonly #fork: () => Executor
  /** Executors that have run nothing yet. */
  readonly #fresh: Executor[] = []
  /** The others by the bundle they belong to, the one used last at the end. */
  readonly #used = new Map<string, Executor>()
  readonly #all = new Set<Executor>()
  #restock: NodeJS.Timeout | undefined
  #closed = false

  /**
   * @param assets the folder of the sandbox's files
   * @param spare executors kept waiting that have run nothing, and as many that have
   * @param fork makes one; a child process unless told otherwise
   */
  constructor(assets: string, spare: number, fork: ForkExecutor = (folder) => new ExecutorProcess(folder)) {
    this.#fork = () => this.#note(fork(this.#assets))
    this.#assets = realpathSync(assets)
    this.#spare = spare
    this.#replenish()
  }

  /** An executor for one run of a bundle. @throws Error if the pool is closed */
  acquire(bundle: string): Executor {
    if (this.#closed) throw new Error('the sandbox is closed')
    const executor = this.#takeUsed(bundle) ?? this.#takeFresh() ?? this.#fork()
    executor.hold(true)
    this.#restockLater()
    return executor
  }

  /** Takes an executor back. One that is not healthy is ended. */
  release(executor: Executor, bundle: string, healthy: boolean): void {
    executor.release()
    if (healthy && !executor.lost && !this.#closed) this.#keep(executor, bundle)
    else this.#end(executor)
  }

  /** Ends all executors and waits until they are gone. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#restock)
    const all = [...this.#all]
    for (const executor of all) this.#end(executor)
    await Promise.all(all.map((executor) => executor.gone()))
  }

  #takeUsed(bundle: string): Executor | undefined {
    const executor = this.#used.get(bundle)
    this.#used.delete(bundle)
    return executor?.lost ? undefined : executor
  }

  #takeFresh(): Executor | undefined {
    let executor = this.#fresh.pop()
    while (executor?.lost) executor = this.#fresh.pop()
    return executor
  }

  /** Keeps it for the next run of its bundle, and ends what that is one too many of. */
  #keep(executor: Executor, bundle: string): void {
    const before = this.#used.get(bundle)
    this.#used.delete(bundle)
    this.#used.set(bundle, executor)
    executor.hold(false)
    const oldest = this.#used.size > Math.max(1, this.#spare) ? this.#used.entries().next().value : undefined
    if (oldest !== undefined) this.#used.delete(oldest[0])
    for (const surplus of [before, oldest?.[1]]) if (surplus !== undefined) this.#end(surplus)
  }

  #restockLater(): void {
    clearTimeout(this.#restock)
    const from = performance.now()
    this.#restock = setTimeout(() => {
      if (performance.now() - from < LATEST_MS) this.#replenish()
    }, RESTOCK_MS).unref()
  }

  #replenish(): void {
    while (this.#fresh.length < this.#spare) {
      const executor = this.#fork()
      executor.hold(false)
      this.#fresh.push(executor)
    }
  }

  #note(executor: Executor): Executor {
    this.#all.add(executor)
    return executor
  }

  #end(executor: Executor): void {
    executor.hold(true)
    executor.kill()
    this.#all.delete(executor)
  }
}
