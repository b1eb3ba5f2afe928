import type { TimerNote } from '../wire/snapshot.ts'
import type { Settle } from './send.ts'

/** The most concurrent sleeps: each uses a timer of this process. */
const MAX_SLEEPS = 10_000

export interface TimersOptions {
  readonly settle: Settle
  /** The longest sleep, in milliseconds. */
  readonly longestMs: number
  /** Runs the action of a timer, unless the run has ended. */
  readonly fire: (act: () => void) => void
}

/** The timers of one run: its deadline, and the sleeps of its agent. */
export class Timers {
  readonly #options: TimersOptions
  readonly #timers = new Set<NodeJS.Timeout>()
  /** When each sleep is over, by the number of its call. */
  readonly #sleeps = new Map<number, number>()

  constructor(options: TimersOptions) {
    this.#options = options
  }

  /** Whether the agent sleeps. */
  get sleeping(): boolean {
    return this.#sleeps.size > 0
  }

  set(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#options.fire(act)
    }, ms)
    this.#timers.add(timer)
  }

  /** @throws Error for too many concurrent sleeps */
  sleep(call: number, ms: number): void {
    if (this.#sleeps.size >= MAX_SLEEPS) throw new Error(`more than ${MAX_SLEEPS} timers are waiting at once`)
    const wait = Math.max(0, Math.min(ms || 0, this.#options.longestMs))
    this.#sleeps.set(call, performance.now() + wait)
    this.set(wait, () => {
      this.#sleeps.delete(call)
      this.#options.settle(call, true, {})
    })
  }

  /** The pending sleeps, with their remaining time. */
  notes(): TimerNote[] {
    const now = performance.now()
    return [...this.#sleeps].map(([call, due]) => ({ call, ms: Math.max(0, due - now) }))
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }
}
