import type { Progress } from './job.ts'

/** Steps of `bytesRead` in a progress report. */
const STEP_BYTES = 64 * 1024
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

  #update(progress: Progress): void {
    this.#progress = progress
    const now = this.#clock()
    if (this.#report === undefined || now - this.#reported < INTERVAL_MS) return
    this.#reported = now
    this.#report(progress)
  }
}
