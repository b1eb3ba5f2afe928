import { CLIENT } from '../../client-name.ts'
import { UsageError } from '../../errors.ts'
import { linkBetween } from '../tables/links.ts'
import { isKnownRegion } from '../tables/regions.ts'
import type { ParsedProblem } from './problem.ts'

/** The link between two places, as the planner uses it. */
export interface Route {
  /** Seconds before bytes flow. */
  readonly startSeconds: number
  /** Seconds for a short request and its answer over a new connection. */
  readonly exchangeSeconds: number
  /** The rate of all readers together. Limits of single functions are computed elsewhere. */
  readonly bytesPerSecond: number
  /** Whether a figure is assumed, because no measurement exists. */
  readonly assumed: boolean
}

/** A new connection needs three round trips: for TCP, for TLS 1.3 (RFC 8446 §2), and for the request. */
const ROUND_TRIPS_PER_EXCHANGE = 3

/**
 * The link between two places. The problem's own links come first, then the client's line if one end is outside AWS, then
 * the measured links.
 *
 * @param readers functions that read in parallel over a measured link, which multiply its rate
 * @throws {UsageError} `REGION_UNKNOWN` for a pair that neither the problem nor the tables have
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
  throw new UsageError('REGION_UNKNOWN', `no link is known from ${from} to ${to}`, {
    remedy: `add it to the problem: "links": {"${from}": {"${to}": {"bitsPerSecond": 1000000000}}}`,
  })
}
