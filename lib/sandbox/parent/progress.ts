import type { Progress } from '../contract/job.ts'

/** `bytesRead` is rounded down to a multiple of this. */
const STEP_BYTES = 64 * 1024
const STEP_MEMORY = 1024 * 1024
/** At most five reports a second, because progress leaves the region while the agent runs. */
const INTERVAL_MS = 200

/**
 * Makes progress reports on the host's side. They are coarse, so that an agent can hardly use them as a covert channel:
 * bytes in steps of 64 KiB, the agent's own fraction in whole per cents, and at most five reports a second.
 */
export class ProgressReporter {
  readonly #report: ((progress: Progress) => void) | undefined
  readonly #clock: () => number
  #progress: Progress = { bytesRead: 0, objects: 0 }
  #reported = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(report: ((progress: Progress) => void) | undefined, clock = () => performance.now()) {
    this.#report = report
    this.#clock = clock
  }

  /** Records how much the host has read. */
  read(bytes: number, objects: number): void {
    this.#update({ ...this.#progress, bytesRead: Math.floor(bytes / STEP_BYTES) * STEP_BYTES, objects })
  }

  /** Records the fraction that the agent reports. */
  fraction(fraction: number): void {
    this.#update({ ...this.#progress, fraction: Math.floor(fraction * 100 + 1e-9) / 100 })
  }

  /** Records the memory of the agent. */
  memory(bytes: number): void {
    this.#update({ ...this.#progress, memoryBytes: Math.floor(bytes / STEP_MEMORY) * STEP_MEMORY })
  }

  /** Ends all reports. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#stopped = true
  }

  #update(progress: Progress): void {
    this.#progress = progress
    if (this.#report === undefined || this.#stopped) return
    const wait = this.#reported + INTERVAL_MS - this.#clock()
    if (wait <= 0) this.#send()
    // An update that comes too early is reported later. Without that, a waiting agent would seem to be stuck.
    else this.#timer ??= setTimeout(() => this.#send(), wait)
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#reported = this.#clock()
    this.#report?.(this.#progress)
  }
}
