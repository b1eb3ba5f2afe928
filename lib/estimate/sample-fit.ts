/** Extrapolates from trial runs on little data to all data. Pure. */
import { type Interval, medianOf } from './interval.ts'

/** One trial run: the agent on the first bytes of some objects. */
export interface Trial {
  /** Bytes that the agent read. */
  readonly bytes: number
  /** From sending the agent to the end of its reply. */
  readonly seconds: number
  /** The part of `seconds` in which the agent ran. */
  readonly workSeconds: number
  /** Bytes of the result. */
  readonly resultBytes: number
}

/** What the trial runs in one region show. */
export interface Learned {
  /** The rate at which one function processes data. */
  readonly bytesPerSecond: Interval
  /** The time beside processing: sending, start and reply. */
  readonly startSeconds: Interval
  /** Bytes of the result for all data. */
  readonly resultBytes: Interval
}

/** The smallest factor between best guess and bound of a rate, because two trials can agree by chance. */
const LEAST_SPREAD = 1.15

/**
 * Fits rate, start and result size to trial runs. The rate is the slope between trials of different sizes, so that
 * constant times don't count; its interval contains all slopes. The result is assumed to grow with the data as it grew
 * between the trials: it does not shrink, grows at most in proportion, and stays below the limit.
 *
 * @param trials in ascending order of size; the first may have run in a cold function
 * @param allBytes the bytes of the region's data
 * @returns `undefined` if no trial read any bytes
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

/** The fastest trial of each size, because noise only makes trials slower. */
function fastestOfEach(trials: readonly Trial[]): Trial[] {
  const fastest = new Map<number, Trial>()
  for (const trial of trials)
    if (trial.seconds < (fastest.get(trial.bytes)?.seconds ?? Number.POSITIVE_INFINITY)) fastest.set(trial.bytes, trial)
  return [...fastest.values()].sort((a, b) => a.bytes - b.bytes)
}

/** The slope between the smallest and the largest trial, which has the least noise. The other slopes give the interval. */
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

/** The constant time of the trials. The guess is that of warm functions; the bound includes the first, cold one. */
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
