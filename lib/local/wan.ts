import { CLIENT } from '../client-name.ts'
import { createLine, cutPieces, type Line, lateness, pieceBytes, planDepartures } from './pacing.ts'

/**
 * Simulates links with measured round-trip times and rates, for traffic inside one computer.
 *
 * For each request it simulates: one round trip for a new connection and one more with TLS, half a round trip before the
 * request arrives and half before the answer starts, one round trip for `Expect: 100-continue`, and the time of headers
 * and bodies on the lines, which all traffic of a direction shares equally.
 *
 * It does not simulate: the bytes of TLS, TCP's slow start and losses, jitter, and half a round trip for each later piece
 * of a streamed answer. So a real link starts more slowly and is similar otherwise.
 */

/** The figures of the links between regions. */
export interface LinkFigures {
  /** Milliseconds of a round trip, also inside a region (`from === to`). */
  rttMs(from: string, to: string): number
  /** The bandwidth in this direction. */
  bitsPerSecond(from: string, to: string): number
}

export interface WanSettings {
  readonly regions: readonly string[]
  readonly figures: LinkFigures
  /** The region that the client is near. @default the first region */
  readonly near?: string
  /** Bits per second of the client's line, in each direction. @default 50,000,000 */
  readonly clientBps?: number
  /** Milliseconds of a round trip over the client's access line. @default 5 */
  readonly accessRttMs?: number
}

/** The bandwidth of a small office's line. */
export const DEFAULT_CLIENT_BPS = 50_000_000

/** The simulated path of a request and of its answer. */
export interface Path {
  readonly rttMs: number
  /** The lines of a request, the most shared first. */
  readonly there: readonly Line[]
  /** The lines of an answer, the most shared first. */
  readonly back: readonly Line[]
}

export interface Wan {
  /** The path from a place to a region; `undefined` inside a region, where traffic is not delayed. */
  path(from: string, to: string): Path | undefined
}

/**
 * Creates all lines at once, so that a missing figure is reported at the start.
 *
 * @throws the error of the figures for an unknown region
 */
export function createWan(options: WanSettings): Wan {
  const { regions, figures, clientBps = DEFAULT_CLIENT_BPS, accessRttMs = 5 } = options
  const near = options.near ?? regions[0] ?? ''
  const access = { there: createLine(clientBps), back: createLine(clientBps) }
  const places = [...new Set([...regions, near])]
  const haul = new Map(places.flatMap((from) => places.map((to) => [`${from} ${to}`, haulLine(figures, from, to)])))
  const lineOf = (from: string, to: string) => [haul.get(`${from} ${to}`)].filter((line) => line !== undefined)

  function fromClient(to: string): Path {
    const rttMs = figures.rttMs(near, to) + accessRttMs
    return { rttMs, there: [access.there, ...lineOf(near, to)], back: [access.back, ...lineOf(to, near)] }
  }
  function between(from: string, to: string): Path {
    return { rttMs: figures.rttMs(from, to), there: lineOf(from, to), back: lineOf(to, from) }
  }
  const paths = new Map<string, Path>()
  for (const to of regions) {
    paths.set(`${CLIENT} ${to}`, fromClient(to))
    for (const from of regions) if (from !== to) paths.set(`${from} ${to}`, between(from, to))
  }
  return { path: (from, to) => paths.get(`${from} ${to}`) }
}

/** The long-haul line between two regions; `undefined` inside a region, whose network is never the bottleneck. */
function haulLine(figures: LinkFigures, from: string, to: string): Line | undefined {
  return from === to ? undefined : createLine(figures.bitsPerSecond(from, to))
}

/** The clock of simulated links. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  sleep(ms: number): Promise<void>
}

/** Timers can't wait for less. Shorter waits are skipped, and the next piece compensates. */
const SHORTEST_SLEEP_MS = 1

/** How long before the second line is free a stream may queue a piece on the first line. */
const AHEAD_MS = 10

/** Sends bytes of one stream on its lines. Resolves when their last bit has left. */
export type Sender = (bytes: number) => Promise<void>

export function createSender(lines: readonly Line[], clock: Clock): Sender {
  let lateMs = 0
  return async (bytes) => {
    const departures = planDepartures(lines, clock.now() - lateMs, bytes)
    const [firstLeft = 0, lastLeft = firstLeft] = [departures[0], departures.at(-1)]
    const wait = Math.max(firstLeft, lastLeft - AHEAD_MS) - clock.now()
    if (wait >= SHORTEST_SLEEP_MS) await clock.sleep(wait)
    lateMs = lateness(clock.now(), firstLeft)
  }
}

/** Yields a source at the rate of its lines. It reads no faster than the lines and the receiver allow. */
export async function* paced(
  source: AsyncIterable<Uint8Array>,
  lines: readonly Line[],
  send: Sender,
): AsyncGenerator<Uint8Array> {
  const size = pieceBytes(lines)
  for await (const chunk of source) {
    for (const piece of cutPieces(chunk, size)) {
      await send(piece.length)
      yield piece
    }
  }
}
