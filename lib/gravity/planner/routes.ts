import { CLIENT } from '../../client-name.ts'
import { UsageError } from '../../errors.ts'
import { linkBetween } from '../tables/links.ts'
import { isKnownRegion } from '../tables/regions.ts'
import type { ParsedProblem } from './problem.ts'

/** The way between two places, as the planner reckons with it. */
export interface Route {
  /** Seconds before bytes flow. */
  readonly startSeconds: number
  /** Seconds for a short request there and back over a fresh connection. */
  readonly exchangeSeconds: number
  /** All readers together; what one function may take from the network at all is reckoned apart. */
  readonly bytesPerSecond: number
  /** Whether a figure stands in for a measurement nobody made. */
  readonly assumed: boolean
}

/** A fresh connection asks three times: TCP's handshake, TLS 1.3's (RFC 8446 §2), the request itself. */
const ROUND_TRIPS_PER_EXCHANGE = 3

/**
 * The way from a place to a place: as the problem gives it, else the sender's own line where one end is outside AWS,
 * else as measured.
 *
 * @param readers functions that read side by side over a measured way; a given one is shared anyway
 * @throws {UsageError} `REGION_UNKNOWN` for a pair that neither the problem nor the tables have.
 */
export function routeBetween(from: string, to: string, problem: ParsedProblem, readers = 1): Route {
  const factor = from === to ? 1 : problem.linkFactor
  const given = problem.links[from]?.[to] ?? ([from, to].includes(CLIENT) ? problem.clientLink : undefined)
  if (given !== undefined) {
    const exchangeSeconds = (ROUND_TRIPS_PER_EXCHANGE * given.rttMs) / 1000
    return {
      startSeconds: given.rttMs / 1000,
      exchangeSeconds,
      bytesPerSecond: given.bitsPerSecond / 8,
      assumed: false,
    }
  }
  for (const end of [from, to]) requireTables(end, from, to)
  const link = linkBetween(from, to)
  const { connections } = problem.compute
  return {
    startSeconds: link.startSeconds,
    exchangeSeconds: (ROUND_TRIPS_PER_EXCHANGE * link.rttMs) / 1000,
    bytesPerSecond: factor * readers * Math.min(connections * link.connectionBytesPerSecond, link.bitsPerSecond / 8),
    assumed: link.assumed,
  }
}

function requireTables(end: string, from: string, to: string): void {
  if (isKnownRegion(end)) return
  throw new UsageError('REGION_UNKNOWN', `no way is known from ${from} to ${to}`, {
    remedy: `give it in the problem: "links": {"${from}": {"${to}": {"bitsPerSecond": 1000000000}}}`,
  })
}
