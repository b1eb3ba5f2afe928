/** What trials on a little data say about all of it. Pure. */
import { type Interval, medianOf } from './interval.ts'

/** One trial: the agent on the heads of some objects. */
export interface Trial {
  /** Bytes it read. */
  readonly bytes: number
  /** From sending the agent to the end of its answer. */
  readonly seconds: number
  /** Of these, the agent's own. */
  readonly workSeconds: number
  /** Bytes of its result. */
  readonly resultBytes: number
}

/** What was learned of one region. */
export interface Learned {
  /** What one function gets through. */
  readonly bytesPerSecond: Interval
  /** What comes on top of reading: the way there, the start, the way back. */
  readonly startSeconds: Interval
  /** Bytes of the result on all data. */
  readonly resultBytes: Interval
}

/** The widest that a fit may claim to know a rate: two trials agree by chance. */
const LEAST_SPREAD = 1.15

/**
 * The rate is the slope between trials of different sizes, so that what every run takes anyway does not count; the
 * interval holds the slopes there are. The result is taken to go on growing as it grew from trial to trial: at least
 * not shrinking, at most in proportion to the data, and never beyond the limit.
 *
 * @param trials of rising size; the first may have met a cold function
 * @param allBytes the region's data
 * @returns `undefined` when no trial read anything
 */
export function fitTrials(
  trials: readonly Trial[],
  { allBytes, maxResultBytes }: { allBytes: number; maxResultBytes: number },
): Learned | undefined {
  const useful = trials.filter(({ bytes }) => bytes > 0)
  if (useful.length === 0) return undefined
  const warm = fastestOfEach(useful.length > 1 ? useful.slice(1) : useful)
  const bytesPerSecond = fitRate(warm)
  return {
    bytesPerSecond,
    startSeconds: fitStart(warm, useful[0]!, bytesPerSecond.value),
    resultBytes: fitResult(useful, allBytes, maxResultBytes),
  }
}

/** Of trials on the same bytes the fastest: noise only ever slows. */
function fastestOfEach(trials: readonly Trial[]): Trial[] {
  const fastest = new Map<number, Trial>()
  for (const trial of trials)
    if (trial.seconds < (fastest.get(trial.bytes)?.seconds ?? Number.POSITIVE_INFINITY)) fastest.set(trial.bytes, trial)
  return [...fastest.values()].sort((a, b) => a.bytes - b.bytes)
}

/** From the smallest trial to the largest, where noise weighs least; the other slopes tell how much there is. */
function fitRate(trials: readonly Trial[]): Interval {
  const largest = trials.at(-1)!
  const slopes = trials
    .filter(({ bytes, workSeconds }) => bytes < 0.75 * largest.bytes && workSeconds < largest.workSeconds)
    .map(({ bytes, workSeconds }) => (largest.bytes - bytes) / (largest.workSeconds - workSeconds))
  const mean = largest.bytes / largest.workSeconds
  const value = slopes[0]
  if (value === undefined) return { low: mean / 1.5, value: mean, high: mean * 4 }
  return {
    low: Math.min(value / LEAST_SPREAD, ...slopes),
    value,
    high: Math.max(value * LEAST_SPREAD, ...slopes),
  }
}

/** What every trial took beyond its bytes; the run will be like the warm ones, and may be like the first. */
function fitStart(warm: readonly Trial[], first: Trial, bytesPerSecond: number): Interval {
  const beyond = ({ seconds, bytes }: Trial) => Math.max(0, seconds - bytes / bytesPerSecond)
  const starts = warm.map(beyond)
  return { low: Math.min(...starts), value: medianOf(starts), high: Math.max(...starts, beyond(first)) }
}

function fitResult(trials: readonly Trial[], allBytes: number, maxResultBytes: number): Interval {
  const first = trials[0]!
  const last = trials.at(-1)!
  const growth = Math.max(1, allBytes / last.bytes)
  const inProportion = Math.min(maxResultBytes, last.resultBytes * growth)
  const low = Math.min(last.resultBytes, inProportion)
  const rise = Math.log(last.resultBytes / first.resultBytes) / Math.log(last.bytes / first.bytes)
  const exponent = Number.isFinite(rise) ? Math.min(1, Math.max(0, rise)) : 1
  const value = Math.min(inProportion, last.resultBytes * growth ** exponent)
  return { low, value, high: Math.max(inProportion, value) }
}
