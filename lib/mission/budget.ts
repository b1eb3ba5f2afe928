/** The ceilings of a whole run, in money and time: what may be started, and when it has to end. */

import { CLIENT } from '../client-name.ts'
import { estimateCost } from '../gravity/cost.ts'
import { bookOf, lambdaUsdPerGBSecond, type PriceFile, PUBLISHED_PRICES } from '../gravity/prices.ts'
import { FUNCTION_GB } from '../gravity/tables/lambda-performance.ts'
import { S3_PERFORMANCE } from '../gravity/tables/s3-performance.ts'
import { formatUsd } from '../gravity/units.ts'

/** What a run may take at most. */
export interface Ceilings {
  readonly maxUsd?: number | undefined
  readonly maxSeconds?: number | undefined
}

/** A part of a run that is to be paid for. */
export interface PaidPart {
  readonly region: string
  readonly place: string
  /** As quoted. */
  readonly usd: number
}

/**
 * The parts that are started: as many as fit, the cheapest first. What is started may still be stopped, since a quote
 * is not a promise.
 */
export function affordable<T extends PaidPart>(parts: readonly T[], maxUsd = Number.POSITIVE_INFINITY): T[] {
  const started = new Set<T>()
  let usd = 0
  for (const part of parts.toSorted((a, b) => a.usd - b.usd)) {
    usd += part.usd
    if (usd <= maxUsd) started.add(part)
  }
  return parts.filter((part) => started.has(part))
}

/**
 * The wall time that functions get, so that they end by themselves even if nobody is left to stop them: all of them
 * together can't cost more than the ceiling, nor work longer than it.
 */
export function wallMsWithin(places: readonly string[], { maxUsd, maxSeconds }: Ceilings, prices?: PriceFile): number {
  const inRegions = places.filter((place) => place !== CLIENT)
  const book = prices === undefined ? PUBLISHED_PRICES : bookOf(prices)
  const usdPerSecond = inRegions.reduce(
    (sum, place) => sum + FUNCTION_GB * lambdaUsdPerGBSecond(place, 'arm64', book),
    0,
  )
  const affordableSeconds =
    maxUsd === undefined || usdPerSecond === 0 ? Number.POSITIVE_INFINITY : maxUsd / usdPerSecond
  return Math.floor(1000 * Math.min(affordableSeconds, maxSeconds ?? Number.POSITIVE_INFINITY))
}

/** What a run has come to so far, part by part. */
export interface Meter extends Disposable {
  /** Aborted when a ceiling is reached; its reason is a sentence. */
  readonly signal: AbortSignal
  read(part: PaidPart, bytesRead: number): void
  end(part: PaidPart): void
}

/** How often money is added up. */
const TICK_MS = 100

/** Watches a run and stops it at its ceilings. */
export function startMeter(ceilings: Ceilings, prices?: PriceFile, now = () => performance.now()): Meter {
  const { maxUsd, maxSeconds } = ceilings
  const stop = new AbortController()
  const start = now()
  const running = new Map<PaidPart, { bytesRead: number; endedAt?: number }>()
  const spent = () =>
    runningUsd(
      [...running].map(([part, { bytesRead, endedAt = now() }]) => ({
        ...part,
        bytesRead,
        seconds: (endedAt - start) / 1000,
      })),
      prices,
    )
  const check = () => {
    const usd = maxUsd === undefined ? 0 : spent()
    if (maxUsd !== undefined && usd > maxUsd)
      stop.abort(`the run has come to ${formatUsd(usd)}, and may cost ${formatUsd(maxUsd)}`)
    else if (maxSeconds !== undefined && now() - start >= 1000 * maxSeconds)
      stop.abort(`the run has taken the ${maxSeconds} s that it may take`)
  }
  const timer = maxUsd === undefined && maxSeconds === undefined ? undefined : setInterval(check, TICK_MS)
  return {
    signal: stop.signal,
    read: (part, bytesRead) => void running.set(part, { ...running.get(part), bytesRead }),
    end: (part) => void running.set(part, { bytesRead: 0, ...running.get(part), endedAt: now() }),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

interface RunningPart extends PaidPart {
  readonly bytesRead: number
  readonly seconds: number
}

/** List prices of what was read, and of the time functions have run. Results are not there yet, and weigh little. */
function runningUsd(parts: readonly RunningPart[], prices?: PriceFile): number {
  return estimateCost({
    ...(prices && { prices: bookOf(prices) }),
    transfers: parts.filter(atClient).map(({ region, bytesRead }) => ({ from: region, to: CLIENT, bytes: bytesRead })),
    requests: parts.map(({ region, bytesRead }) => {
      return { region, gets: Math.ceil(bytesRead / S3_PERFORMANCE.rangeBytes) }
    }),
    compute: parts
      .filter((part) => !atClient(part))
      .map(({ region, seconds }) => ({ region, invocations: 1, gbSeconds: FUNCTION_GB * seconds })),
  }).usd
}

const atClient = ({ place }: PaidPart): boolean => place === CLIENT
