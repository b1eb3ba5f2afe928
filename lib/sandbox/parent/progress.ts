import type { Progress } from '../contract/job.ts'

/** Steps of `bytesRead` in a progress report. */
const STEP_BYTES = 64 * 1024
const STEP_MEMORY = 1024 * 1024
/** Progress leaves a region while the agent runs: no more than five reports a second. */
const INTERVAL_MS = 200

/**
 * Makes progress reports on the host's side, coarse enough that an agent can hardly speak through them: bytes in steps
 * of 64 KiB, the agent's own fraction in whole percents, and five reports a second at most.
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

  /** The host has read so much. */
  read(bytes: number, objects: number): void {
    this.#update({ ...this.#progress, bytesRead: Math.floor(bytes / STEP_BYTES) * STEP_BYTES, objects })
  }

  /** The agent says it is so far. */
  fraction(fraction: number): void {
    this.#update({ ...this.#progress, fraction: Math.floor(fraction * 100 + 1e-9) / 100 })
  }

  /** The agent has grown. */
  memory(bytes: number): void {
    this.#update({ ...this.#progress, memoryBytes: Math.floor(bytes / STEP_MEMORY) * STEP_MEMORY })
  }

  /** The run is over: nothing more is reported. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#stopped = true
  }

  #update(progress: Progress): void {
    this.#progress = progress
    if (this.#report === undefined || this.#stopped) return
    const wait = this.#reported + INTERVAL_MS - this.#clock()
    if (wait <= 0) this.#send()
    // What comes too soon is told when its time has come, or an agent that waits would seem to stand still.
    else this.#timer ??= setTimeout(() => this.#send(), wait)
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#reported = this.#clock()
    this.#report?.(this.#progress)
  }
}
