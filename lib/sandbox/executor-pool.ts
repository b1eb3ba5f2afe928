import { realpathSync } from 'node:fs'
import { ExecutorProcess } from './executor-process.ts'

/**
 * Executors, forked ahead of need and used again while they are healthy. Nothing here runs between calls: a function's
 * instance may be frozen in between, so whether an executor still lives is found out by using it.
 */
export class ExecutorPool {
  readonly #assets: string
  readonly #spare: number
  readonly #idle: ExecutorProcess[] = []
  readonly #all = new Set<ExecutorProcess>()
  #closed = false

  /**
   * @param assets the folder of the sandbox's files
   * @param spare executors kept waiting
   */
  constructor(assets: string, spare: number) {
    this.#assets = realpathSync(assets)
    this.#spare = spare
    this.#replenish()
  }

  /** An executor for one run. @throws Error if the pool is closed */
  acquire(): ExecutorProcess {
    if (this.#closed) throw new Error('the sandbox is closed')
    let executor = this.#idle.pop()
    while (executor?.lost) executor = this.#idle.pop()
    executor ??= this.#fork()
    executor.hold(true)
    return executor
  }

  /** Takes an executor back. One that is not healthy is ended, and another forked in its stead. */
  release(executor: ExecutorProcess, healthy: boolean): void {
    executor.release()
    if (healthy && !executor.lost && !this.#closed && this.#idle.length < Math.max(1, this.#spare)) {
      executor.hold(false)
      this.#idle.push(executor)
      return
    }
    this.#end(executor)
    if (!this.#closed) this.#replenish()
  }

  /** Ends all executors and waits until they are gone. */
  async close(): Promise<void> {
    this.#closed = true
    const all = [...this.#all]
    for (const executor of all) this.#end(executor)
    await Promise.all(all.map((executor) => executor.gone()))
  }

  #replenish(): void {
    while (this.#idle.length < this.#spare) {
      const executor = this.#fork()
      executor.hold(false)
      this.#idle.push(executor)
    }
  }

  #fork(): ExecutorProcess {
    const executor = new ExecutorProcess(this.#assets)
    this.#all.add(executor)
    return executor
  }

  #end(executor: ExecutorProcess): void {
    executor.hold(true)
    executor.kill()
    this.#all.delete(executor)
  }
}
