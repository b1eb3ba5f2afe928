/**
 * The relay: it carries an agent from place to place until it has ended. What it carries is sealed, so all it can do is
 * to bring a box where it belongs, or not.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { fromWireError, toWireError, UnreachableError, type WireError } from '../errors.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import type { CopyReturn, Invocation } from '../host/invocation.ts'
import type { LandingResult, SealedDeparture } from '../host/landing-result.ts'
import type { StateRef } from '../host/state-ref.ts'
import type { Progress } from '../sandbox/contract/job.ts'
import type { LossReason, Outcome } from '../sandbox/contract/outcome.ts'
import type { EnvelopeJson } from '../trust/envelope.ts'
import { readOrder } from '../trust/order.ts'
import type { Delivery, FindPlace, Landing, LandingPlace, LandOptions } from './landing-place.ts'
import { requireReplyTo } from './require-reply-to.ts'
import { DEFAULT_ATTEMPTS, FIRST_ATTEMPT, type LandingAttempt, nextAttempt, TAKEN_UP } from './retry.ts'
import { type Carried, transferStates } from './transfer-state.ts'

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
  readonly beforeLanding?: ((upcoming: UpcomingLanding) => Promise<LandingExtras>) | undefined
  /** Told of every landing that has ended, of the agent and of its copies. */
  readonly onLanded?: ((landingResult: Step) => void) | undefined
  /** How often a landing is tried before its agent is given up, when its place dies or is silent: 1 to 16. @default 4 */
  readonly attempts?: number | undefined
  /** Whether another relay may have carried this agent before: then what it did is found, and not done again. @default false */
  readonly takenUp?: boolean | undefined
  /** Whether another relay may be carrying it as well: then what that one does first is taken over. @default `takenUp` */
  readonly shared?: boolean | undefined
  /** Where another relay has left the agent. @default where it starts */
  readonly from?: NextLanding | undefined
}

/** An agent is about to land. */
export interface UpcomingLanding extends Pick<RouteStep, 'place' | 'branch' | 'sequence' | 'sealedBytes'> {
  /** Whether it waits for a message, and has nothing to do before. */
  readonly waits: boolean
}

/** What goes along with a landing. */
export type LandingExtras = Pick<LandOptions, 'messages' | 'evict' | 'onSend'>

/** One landing of an agent, or of a copy of it. */
export interface RouteStep {
  readonly place: string
  /** The region the agent started in, and for a copy the landing and number it was sent with. */
  readonly branch: string
  /** Number of the landing in its branch. */
  readonly sequence: number
  /** Size of the sealed box it came in; 0 where it started. */
  readonly sealedBytes: number
  /** Bytes that crossed links for this landing, both ways. */
  readonly bytesMoved: number
  /** From the first byte sent to the last received; of a part that a checkpoint ended, the time it worked. */
  readonly seconds: number
  /** Of a departure it tells where to, without the boxes. */
  readonly landingResult: LandingResult<Outcome | Departed>
}

/** An agent or its copies left for these regions, or a copy's answer did. */
export interface Departed {
  readonly kind: 'departed'
  readonly to: readonly string[]
}

/** An attempt at a landing that came to nothing, and was replaced by another or given up. */
export interface LostLanding {
  readonly place: string
  readonly branch: string
  readonly sequence: number
  /** From 1. */
  readonly attempt: number
  /** Why: `FUNCTION_FAILED`, `REGION_UNREACHABLE` … */
  readonly code: string
}

/** How an agent ended, and the way it went. */
export interface Relayed {
  readonly landingResult?: LandingResult
  /** What kept it from an end. */
  readonly error?: WireError
  /** In the order in which the landings ended. */
  readonly route: readonly RouteStep[]
  /** Places that died, or fell silent, while the agent was there. */
  readonly lost: readonly LostLanding[]
  /** Bytes that crossed links, uploads included. */
  readonly bytesMoved: number
  /** The landing that the agent is in, or about to make: where another relay can take it up, if it has not ended. */
  readonly nextLanding: NextLanding
}

/** Starts an agent in `region` and follows it wherever it goes. Never throws: what went wrong is part of the result. */
export async function relay(region: string, options: RelayOptions): Promise<Relayed> {
  const start: NextLanding = { place: region, branch: region, sequence: 0, sealedBytes: 0, waits: false, call: {} }
  const journey = new Journey(options, options.from ?? start)
  const told = () => {
    const { route, lost, bytesMoved, nextLanding } = journey
    return { route, lost, bytesMoved, nextLanding }
  }
  try {
    const landingResult = await journey.follow(journey.nextLanding)
    return { landingResult: requireEnd(landingResult), ...told() }
  } catch (error) {
    return { error: toWireError(error), ...told() }
  }
}

type Step = LandingResult<Outcome | SealedDeparture>

/** A landing that is to be made. */
export interface NextLanding {
  readonly place: string
  readonly branch: string
  readonly sequence: number
  readonly sealedBytes: number
  readonly waits: boolean
  readonly call: Pick<Invocation, 'entry' | 'state' | 'answers'>
}

class Journey {
  readonly #options: RelayOptions
  readonly #deliveries = new Map<string, Promise<Delivery>>()
  readonly route: RouteStep[] = []
  readonly lost: LostLanding[] = []
  bytesMoved = 0
  /** Of the agent itself, not of its copies. */
  nextLanding: NextLanding

  constructor(options: RelayOptions, nextLanding: NextLanding) {
    this.#options = options
    this.nextLanding = nextLanding
  }

  /** From landing to landing; copies first, then the agent that waits for them. */
  async follow(landing: NextLanding): Promise<Step> {
    if (!isCopy(landing)) this.nextLanding = landing
    const step = await this.#land(landing)
    const { outcome, place } = step
    if (outcome.kind !== 'departed' || 'answer' in outcome) return step
    const { agent, copies } = outcome
    const returns = await Promise.all(copies.map((sealedState) => this.#bringBack({ sealedState, from: place })))
    return this.follow(await this.#landingOf({ sealedState: agent, from: place }, returns))
  }

  /** A copy's answer, or why there is none: that is for its agent to deal with. */
  async #bringBack(carried: Carried): Promise<Carried | { lost: LossReason }> {
    try {
      const { outcome, place } = await this.follow(await this.#landingOf(carried, []))
      if (outcome.kind === 'departed' && 'answer' in outcome) return { sealedState: outcome.answer, from: place }
      return { lost: 'failed' }
    } catch (error) {
      // A copy that is given up with the whole trip is not lost: another relay may bring it back.
      if (this.#options.signal?.aborted) throw error
      return { lost: reasonOf(error) }
    }
  }

  async #landingOf(carried: Carried, returns: readonly (Carried | { lost: LossReason })[]): Promise<NextLanding> {
    const { to: place, branch, sequence, bytes: sealedBytes, waits = false } = carried.sealedState
    const loads = [carried, ...returns.flatMap((answer) => ('lost' in answer ? [] : [answer]))]
    const { stateRefs, bytesMoved } = await transferStates(loads, this.#options.places)
    this.bytesMoved += bytesMoved
    const [state, ...rest] = stateRefs as [StateRef, ...StateRef[]]
    const answers = returns.map((answer): CopyReturn => ('lost' in answer ? answer : rest.shift()!))
    const call = { entry: 'resume' as const, state, ...(answers.length > 0 && { answers }) }
    return { place, branch, sequence, sealedBytes, waits, call }
  }

  async #land({ place: name, call, waits, ...landing }: NextLanding): Promise<Step> {
    const { places, order, input, onProgress, signal, beforeLanding } = this.#options
    const { messages, evict, onSend } =
      (isCopy(landing) ? undefined : await beforeLanding?.({ place: name, waits, ...landing })) ?? {}
    const start = performance.now()
    const place = places(name)
    const { bundle } = await this.#deliver(place)
    const invocation: Invocation = {
      lander: FORMAT_VERSION,
      bundle,
      order,
      input,
      stream: true,
      ...call,
    }
    const options = {
      onProgress: onProgress && ((progress: Progress) => onProgress(name, progress)),
      signal,
      evict,
      messages,
      onSend,
    }
    const { reply, bytesMoved } = await this.#attempt((attempt) => place.land({ ...invocation, ...attempt }, options), {
      place: name,
      ...landing,
    })
    this.bytesMoved += bytesMoved
    if ('error' in reply) throw fromWireError(reply.error)
    const { landingResult, earlier = [] } = reply
    const { branch, sequence, sealedBytes } = landing
    const last = sequence + earlier.length
    const asked = readOrder(order)
    for (const [index, part] of [...earlier, landingResult].entries())
      requireReplyTo({ order: asked, place: name, branch, sequence: sequence + index }, part)
    earlier.forEach((part, index) => {
      const seconds = part.usage.wallMs / 1000
      const came = index === 0 ? sealedBytes : 0
      this.#note({
        place: name,
        branch,
        sequence: sequence + index,
        sealedBytes: came,
        bytesMoved: 0,
        seconds,
        landingResult: part,
      })
    })
    const seconds = (performance.now() - start) / 1000
    const came = earlier.length === 0 ? sealedBytes : 0
    this.#note({ place: name, branch, sequence: last, sealedBytes: came, bytesMoved, seconds, landingResult })
    return landingResult
  }

  /** One landing, tried again when its place dies: the place sees to it that one attempt at most comes to an end. */
  async #attempt(
    land: (attempt: Pick<Invocation, 'attempt'>) => Promise<Landing>,
    { place, branch, sequence }: Pick<NextLanding, 'place' | 'branch' | 'sequence'>,
  ): Promise<Landing> {
    const { attempts = DEFAULT_ATTEMPTS, takenUp = false, shared = takenUp, signal } = this.#options
    let attempt: LandingAttempt = takenUp ? TAKEN_UP : FIRST_ATTEMPT
    for (;;) {
      const landed = await land(attempt.attempt === undefined ? {} : { attempt: attempt.attempt }).catch(asUnreachable)
      const next = signal?.aborted ? undefined : nextAttempt(attempt, landed, { attempts, shared })
      if (next === undefined) return 'unreachable' in landed ? Promise.reject(landed.unreachable) : landed
      if (next.lost !== undefined)
        this.lost.push({ place, branch, sequence, attempt: attempt.attempt?.number ?? 1, code: next.lost })
      // Whoever gives up meanwhile hears so from the next call.
      await sleep(next.waitMs, undefined, { signal }).catch(() => {})
      attempt = next
    }
  }

  #note({ landingResult, ...step }: Omit<RouteStep, 'landingResult'> & { readonly landingResult: Step }): void {
    this.#options.onLanded?.(landingResult)
    this.route.push({ ...step, landingResult: withoutStates(landingResult) })
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

const isCopy = ({ branch }: Pick<NextLanding, 'branch'>): boolean => branch.includes('/')

function withoutStates(landingResult: Step): RouteStep['landingResult'] {
  const { outcome } = landingResult
  if (outcome.kind !== 'departed') return { ...landingResult, outcome }
  const sealedStates =
    'answer' in outcome ? [outcome.answer] : outcome.copies.length > 0 ? outcome.copies : [outcome.agent]
  return { ...landingResult, outcome: { kind: 'departed', to: sealedStates.map(({ to }) => to) } }
}

function requireEnd(landingResult: Step): LandingResult {
  const { outcome } = landingResult
  if (outcome.kind !== 'departed') return { ...landingResult, outcome }
  throw new UnreachableError('REPLY_MALFORMED', `${landingResult.place} answered for a copy where an agent was landed`)
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
