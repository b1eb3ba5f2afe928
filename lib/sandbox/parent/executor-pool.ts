import { realpathSync } from 'node:fs'
import type { Executor, ForkExecutor } from '../wire/executor.ts'
import { ExecutorProcess } from './executor-process.ts'

/**
 * How long after an acquisition the pool starts another spare executor. Starting one takes a quarter of a second of
 * processor time, which the current run pays for. A short run should not pay for a next run that may never come.
 */
const RESTOCK_MS = 1_000
/** A timer that fires later than this was suspended with its function, and would slow down the start of a new run. */
const LATEST_MS = 2 * RESTOCK_MS

/**
 * A pool of executors. It starts them ahead of need and reuses them while they are healthy. An executor that has run
 * one bundle never runs another: an agent that escaped from its engine unnoticed would find only runs of its own bundle
 * there.
 *
 * The pool does nothing between runs, because a Lambda instance may be suspended then. Whether an executor is still
 * alive shows only when a run uses it.
 */
export class ExecutorPool {
  readonly #assets: string
  readonly #spare: number
  readonly #fork: () => Executor
  /** Executors that have not run anything. */
  readonly #fresh: Executor[] = []
  /** The other executors, by the bundle that they have run. The most recently used one is last. */
  readonly #used = new Map<string, Executor>()
  readonly #all = new Set<Executor>()
  #restock: NodeJS.Timeout | undefined
  #closed = false

  /**
   * @param assets the folder of the sandbox's files
   * @param spare how many fresh executors, and how many used ones, are kept between runs
   * @param fork starts an executor. @default a child process
   */
  constructor(assets: string, spare: number, fork: ForkExecutor = (folder) => new ExecutorProcess(folder)) {
    this.#fork = () => this.#note(fork(this.#assets))
    this.#assets = realpathSync(assets)
    this.#spare = spare
    this.#replenish()
  }

  /** Returns an executor for one run of a bundle. @throws Error if the pool is closed */
  acquire(bundle: string): Executor {
    if (this.#closed) throw new Error('the sandbox is closed')
    const executor = this.#takeUsed(bundle) ?? this.#takeFresh() ?? this.#fork()
    executor.hold(true)
    this.#restockLater()
    return executor
  }

  /** Takes an executor back, and ends it unless it is healthy. */
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

  /** Keeps an executor for the next run of its bundle, and ends the one that it displaces. */
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
