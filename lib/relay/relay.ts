/**
 * The relay: it carries an agent from place to place until it has ended. What it carries is sealed, so all it can do is
 * to bring a box where it belongs, or not.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Landing } from '../aws/invoke.ts'
import type { Delivery } from '../aws/upload.ts'
import { fromWireError, toWireError, UnreachableError, type WireError } from '../errors.ts'
import type { Box, CopyReturn, Invocation, SealedDeparture, Settlement } from '../host/protocol.ts'
import type { Progress } from '../sandbox/contract/job.ts'
import type { LossReason, Outcome } from '../sandbox/contract/outcome.ts'
import type { EnvelopeJson } from '../trust/envelope.ts'
import type { FindPlace, LandingPlace, LandOptions } from './landing-place.ts'
import { DEFAULT_ATTEMPTS, FIRST_ATTEMPT, type LandingAttempt, nextAttempt, TAKEN_UP } from './retry.ts'
import { type Carried, carryBoxes } from './transfer-state.ts'

/** What one agent of a mission needs on its way. */
export interface RelayOptions {
  /** Where it may go. */
  readonly places: FindPlace
  /** The signed bundle's file. */
  readonly file: Uint8Array
  readonly order: EnvelopeJson
  /** JSON text. */
  readonly input: string
  readonly onProgress?: ((region: string, progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** Asked before every landing of the agent itself: what goes along. It may take its time. */
  readonly board?: ((boarding: Boarding) => Promise<Boarded>) | undefined
  /** Told of every landing that has ended, of the agent and of its copies. */
  readonly onSettled?: ((settlement: Step) => void) | undefined
  /** How often a landing is tried before its agent is given up, when its place dies or is silent: 1 to 16. @default 4 */
  readonly attempts?: number | undefined
  /** Whether another relay may have carried this agent before: then what it did is found, and not done again. @default false */
  readonly takenUp?: boolean | undefined
  /** Whether another relay may be carrying it as well: then what that one does first is taken over. @default `takenUp` */
  readonly shared?: boolean | undefined
  /** Where another relay has left the agent. @default where it starts */
  readonly from?: Standing | undefined
}

/** An agent is about to land. */
export interface Boarding extends Pick<RouteStep, 'region' | 'branch' | 'sequence' | 'boxBytes'> {
  /** Whether it waits for a message, and has nothing to do before. */
  readonly waits: boolean
}

/** What goes along with a landing. */
export type Boarded = Pick<LandOptions, 'mail' | 'leave' | 'onSend'>

/** One landing of an agent, or of a copy of it. */
export interface RouteStep {
  readonly region: string
  /** The region the agent started in, and for a copy the landing and number it was sent with. */
  readonly branch: string
  /** Number of the landing in its branch. */
  readonly sequence: number
  /** Size of the sealed box it came in; 0 where it started. */
  readonly boxBytes: number
  /** Bytes that crossed links for this landing, both ways. */
  readonly bytesMoved: number
  /** From the first byte sent to the last received; of a part that a checkpoint ended, the time it worked. */
  readonly seconds: number
  /** Of a departure it tells where to, without the boxes. */
  readonly settlement: Settlement<Outcome | Departed>
}

/** An agent or its copies left for these regions, or a copy's answer did. */
export interface Departed {
  readonly kind: 'departed'
  readonly to: readonly string[]
}

/** An attempt at a landing that came to nothing, and was replaced by another or given up. */
export interface LostLanding {
  readonly region: string
  readonly branch: string
  readonly sequence: number
  /** From 1. */
  readonly attempt: number
  /** Why: `FUNCTION_FAILED`, `REGION_UNREACHABLE` … */
  readonly code: string
}

/** How an agent ended, and the way it went. */
export interface Relayed {
  readonly settlement?: Settlement
  /** What kept it from an end. */
  readonly error?: WireError
  /** In the order in which the landings ended. */
  readonly route: readonly RouteStep[]
  /** Places that died, or fell silent, while the agent was there. */
  readonly lost: readonly LostLanding[]
  /** Bytes that crossed links, uploads included. */
  readonly bytesMoved: number
  /** The landing that the agent is in, or about to make: where another relay can take it up, if it has not ended. */
  readonly standing: Standing
}

/** Starts an agent in `region` and follows it wherever it goes. Never throws: what went wrong is part of the result. */
export async function relay(region: string, options: RelayOptions): Promise<Relayed> {
  const start: Standing = { region, branch: region, sequence: 0, boxBytes: 0, waits: false, call: {} }
  const trip = new Trip(options, options.from ?? start)
  const told = () => {
    const { route, lost, bytesMoved, standing } = trip
    return { route, lost, bytesMoved, standing }
  }
  try {
    const settlement = await trip.follow(trip.standing)
    return { settlement: requireEnd(settlement), ...told() }
  } catch (error) {
    return { error: toWireError(error), ...told() }
  }
}

type Step = Settlement<Outcome | SealedDeparture>

/** A landing that is to be made. */
export interface Standing {
  readonly region: string
  readonly branch: string
  readonly sequence: number
  readonly boxBytes: number
  readonly waits: boolean
  readonly call: Pick<Invocation, 'entry' | 'state' | 'answers'>
}

class Trip {
  readonly #options: RelayOptions
  readonly #deliveries = new Map<string, Promise<Delivery>>()
  readonly route: RouteStep[] = []
  readonly lost: LostLanding[] = []
  bytesMoved = 0
  /** Of the agent itself, not of its copies. */
  standing: Standing

  constructor(options: RelayOptions, standing: Standing) {
    this.#options = options
    this.standing = standing
  }

  /** From landing to landing; copies first, then the agent that waits for them. */
  async follow(leg: Standing): Promise<Step> {
    if (!isCopy(leg)) this.standing = leg
    const step = await this.#land(leg)
    const { outcome, region } = step
    if (outcome.kind !== 'departed' || 'answer' in outcome) return step
    const { agent, copies } = outcome
    const returns = await Promise.all(copies.map((parcel) => this.#bringBack({ parcel, from: region })))
    return this.follow(await this.#legOf({ parcel: agent, from: region }, returns))
  }

  /** A copy's answer, or why there is none: that is for its agent to deal with. */
  async #bringBack(carried: Carried): Promise<Carried | { lost: LossReason }> {
    try {
      const { outcome, region } = await this.follow(await this.#legOf(carried, []))
      if (outcome.kind === 'departed' && 'answer' in outcome) return { parcel: outcome.answer, from: region }
      return { lost: 'failed' }
    } catch (error) {
      // A copy that is given up with the whole trip is not lost: another relay may bring it back.
      if (this.#options.signal?.aborted) throw error
      return { lost: reasonOf(error) }
    }
  }

  async #legOf(carried: Carried, returns: readonly (Carried | { lost: LossReason })[]): Promise<Standing> {
    const { to: region, branch, sequence, bytes: boxBytes, waits = false } = carried.parcel
    const loads = [carried, ...returns.flatMap((answer) => ('lost' in answer ? [] : [answer]))]
    const { boxes, bytesMoved } = await carryBoxes(loads, this.#options.places)
    this.bytesMoved += bytesMoved
    const [state, ...rest] = boxes as [Box, ...Box[]]
    const answers = returns.map((answer): CopyReturn => ('lost' in answer ? answer : rest.shift()!))
    const call = { entry: 'resume' as const, state, ...(answers.length > 0 && { answers }) }
    return { region, branch, sequence, boxBytes, waits, call }
  }

  async #land({ region, call, waits, ...leg }: Standing): Promise<Step> {
    const { places, order, input, onProgress, signal, board } = this.#options
    const { mail, leave, onSend } = (isCopy(leg) ? undefined : await board?.({ region, waits, ...leg })) ?? {}
    const start = performance.now()
    const place = places(region)
    const { bundle } = await this.#deliver(place)
    const invocation: Invocation = {
      lander: 1,
      bundle,
      order,
      input,
      stream: true,
      ...call,
    }
    const options = {
      onProgress: onProgress && ((progress: Progress) => onProgress(region, progress)),
      signal,
      leave,
      mail,
      onSend,
    }
    const { reply, bytesMoved } = await this.#attempt((attempt) => place.land({ ...invocation, ...attempt }, options), {
      region,
      ...leg,
    })
    this.bytesMoved += bytesMoved
    if ('error' in reply) throw fromWireError(reply.error)
    const { settlement, earlier = [] } = reply
    const { branch, sequence, boxBytes } = leg
    const last = sequence + earlier.length
    earlier.forEach((part, index) => {
      const seconds = part.usage.wallMs / 1000
      const came = index === 0 ? boxBytes : 0
      this.#note({
        region,
        branch,
        sequence: sequence + index,
        boxBytes: came,
        bytesMoved: 0,
        seconds,
        settlement: part,
      })
    })
    const seconds = (performance.now() - start) / 1000
    const came = earlier.length === 0 ? boxBytes : 0
    this.#note({ region, branch, sequence: last, boxBytes: came, bytesMoved, seconds, settlement })
    return settlement
  }

  /** One landing, tried again when its place dies: the place sees to it that one attempt at most comes to an end. */
  async #attempt(
    land: (attempt: Pick<Invocation, 'attempt'>) => Promise<Landing>,
    { region, branch, sequence }: Pick<Standing, 'region' | 'branch' | 'sequence'>,
  ): Promise<Landing> {
    const { attempts = DEFAULT_ATTEMPTS, takenUp = false, shared = takenUp, signal } = this.#options
    let attempt: LandingAttempt = takenUp ? TAKEN_UP : FIRST_ATTEMPT
    for (;;) {
      const landed = await land(attempt.attempt === undefined ? {} : { attempt: attempt.attempt }).catch(asUnreachable)
      const next = signal?.aborted ? undefined : nextAttempt(attempt, landed, { attempts, shared })
      if (next === undefined) return 'unreachable' in landed ? Promise.reject(landed.unreachable) : landed
      if (next.lost !== undefined)
        this.lost.push({ region, branch, sequence, attempt: attempt.attempt?.number ?? 1, code: next.lost })
      // Whoever gives up meanwhile hears so from the next call.
      await sleep(next.waitMs, undefined, { signal }).catch(() => {})
      attempt = next
    }
  }

  #note({ settlement, ...step }: Omit<RouteStep, 'settlement'> & { readonly settlement: Step }): void {
    this.#options.onSettled?.(settlement)
    this.route.push({ ...step, settlement: withoutBoxes(settlement) })
  }

  /** A place gets the code once. */
  #deliver({ name, deliver }: LandingPlace): Promise<Delivery> {
    const known = this.#deliveries.get(name)
    if (known !== undefined) return known
    const delivering = deliver(this.#options.file)
    this.#deliveries.set(name, delivering)
    return delivering.then((delivery) => {
      this.bytesMoved += delivery.bytesMoved
      return delivery
    })
  }
}

const isCopy = ({ branch }: Pick<Standing, 'branch'>): boolean => branch.includes('/')

function withoutBoxes(settlement: Step): RouteStep['settlement'] {
  const { outcome } = settlement
  if (outcome.kind !== 'departed') return { ...settlement, outcome }
  const parcels = 'answer' in outcome ? [outcome.answer] : outcome.copies.length > 0 ? outcome.copies : [outcome.agent]
  return { ...settlement, outcome: { kind: 'departed', to: parcels.map(({ to }) => to) } }
}

function requireEnd(settlement: Step): Settlement {
  const { outcome } = settlement
  if (outcome.kind !== 'departed') return { ...settlement, outcome }
  throw new UnreachableError('REPLY_MALFORMED', `${settlement.region} answered for a copy where an agent was landed`)
}

function reasonOf(error: unknown): LossReason {
  const { situation, code } = toWireError(error)
  if (situation === 'refused') return 'refused'
  return code === 'FUNCTION_FAILED' || situation === 'internal' ? 'failed' : 'unreachable'
}

function asUnreachable(error: unknown): { readonly unreachable: UnreachableError } {
  if (error instanceof UnreachableError) return { unreachable: error }
  throw error
}
