import { CLIENT } from '../client-name.ts'
import { createLine, cutPieces, type Line, lateness, pieceBytes, planDepartures } from './pacing.ts'

/**
 * Links with the round-trip times and rates of the real world, for traffic that stays on this machine.
 *
 * Modelled, per request: one round trip for a new connection (TCP's handshake) and one more with TLS, half of one before
 * the request is seen and half before the answer begins, one for `Expect: 100-continue`, and the time that heads and
 * bodies take on the lines, which all traffic of a direction shares evenly.
 *
 * Not modelled: the bytes of TLS, TCP's slow start and losses, jitter, and half a round trip for each later piece of an
 * answer that is made over time. A real line is slower to get going and otherwise like this.
 */

/** What is known about the way between two regions. */
export interface LinkFigures {
  /** Milliseconds of a round trip; also inside a region (`from === to`). */
  rttMs(from: string, to: string): number
  /** What the way carries, in this direction. */
  bitsPerSecond(from: string, to: string): number
}

export interface WanSettings {
  readonly regions: readonly string[]
  readonly figures: LinkFigures
  /** The region that home is near. @default the first region */
  readonly client?: string
  /** Bits per second of the home line, each way. @default 50,000,000 */
  readonly clientBps?: number
  /** Milliseconds of a round trip over the access line, from home to the network. @default 5 */
  readonly accessRttMs?: number
}

/** An office's line. */
/** An office’s link. */
export const DEFAULT_CLIENT_BPS = 50_000_000

/** The way of a request and of its answer. */
export interface Path {
  readonly rttMs: number
  /** The lines of a request, the most shared first. */
  readonly there: readonly Line[]
  /** The lines of an answer, the most shared first. */
  readonly back: readonly Line[]
}

export interface Wan {
  /** The way from a place to a region; `undefined` inside a region, where nothing is shaped. */
  path(from: string, to: string): Path | undefined
}

/**
 * Lays all lines at once, so that a pair without figures is found before anything runs.
 *
 * @throws whatever the figures throw for a region they don't know.
 */
export function createWan(options: WanSettings): Wan {
  const { regions, figures, clientBps = DEFAULT_CLIENT_BPS, accessRttMs = 5 } = options
  const client = options.client ?? regions[0] ?? ''
  const access = { there: createLine(clientBps), back: createLine(clientBps) }
  const places = [...new Set([...regions, client])]
  const haul = new Map(places.flatMap((from) => places.map((to) => [`${from} ${to}`, haulLine(figures, from, to)])))
  const lineOf = (from: string, to: string) => [haul.get(`${from} ${to}`)].filter((line) => line !== undefined)

  function fromClient(to: string): Path {
    const rttMs = figures.rttMs(client, to) + accessRttMs
    return { rttMs, there: [access.there, ...lineOf(client, to)], back: [access.back, ...lineOf(to, client)] }
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

/** Inside a region there is no line: its network is never what is short. */
function haulLine(figures: LinkFigures, from: string, to: string): Line | undefined {
  return from === to ? undefined : createLine(figures.bitsPerSecond(from, to))
}

/** Time, as far as links need it. */
export interface Clock {
  /** Milliseconds, never going back. */
  now(): number
  sleep(ms: number): Promise<void>
}

/** A timer can't wait for less, and the next piece makes up for it. */
const SHORTEST_SLEEP_MS = 1

/** How early a stream may queue on the first line for a piece that the second one is not free for yet. */
const AHEAD_MS = 10

/** One stream's way onto its lines: resolves when the last bit of so many bytes has left. */
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

/** The source at the pace of its lines: it is read no faster than the lines and the receiver take it. */
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
