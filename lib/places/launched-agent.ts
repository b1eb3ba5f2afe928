import type { Json } from '../encoding/json.ts'
import { UsageError } from '../errors.ts'
import type { LandingResult } from '../host/landing-result.ts'
import { PAGE_BYTES } from '../limits.ts'
import type { EvictRequest, OutgoingMessages } from '../relay/landing-place.ts'
import type { LandingExtras, Relayed, RelayOptions, UpcomingLanding } from '../relay/relay.ts'
import type { Progress, SentMessage } from '../sandbox/contract/job.ts'
import type { SigningKey } from '../trust/keys.ts'
import { type Message, signMessages } from '../trust/messages.ts'
import { type AgentEnd, type AgentHandle, type AgentProgress, messageText, type SnapshotAt } from './agent-handle.ts'
import { Mailbox } from './mailbox.ts'

/** The name by which agents send messages to their launcher. */
export const LAUNCHER = 'launcher'

/** The memory of the engine before an agent allocates any: 22 pages. */
const SMALLEST_MEMORY = 22 * PAGE_BYTES

export interface LaunchedAgentOptions {
  readonly name: string
  readonly mission: string
  readonly sender: SigningKey
  /** The place of the first landing. */
  readonly place: string
  /** The places where the agent may land. */
  readonly places: readonly string[]
  readonly onProgress?: ((progress: AgentProgress) => void) | undefined
  /** Delivers a message of the agent to another agent or to the launcher. */
  readonly deliver: (sent: SentMessage, from: string) => void
  /** Relays the agent from landing to landing. */
  readonly relay: (
    hooks: Pick<RelayOptions, 'beforeLanding' | 'onLanded' | 'onProgress' | 'signal'>,
  ) => Promise<Relayed>
}

/** A pending request of the launcher to move the agent, or to make a checkpoint. */
interface PendingRequest {
  /** The place to move to; `undefined` for a checkpoint. */
  readonly to: string | undefined
  readonly resolve: (snapshot: SnapshotAt | undefined) => void
  /** The place where the agent landed after it got the request. */
  tried?: string
}

const CANCELLED = { kind: 'stopped', limit: 'cancelled', message: 'the run was cancelled' } as const

/** A launched agent from its launch to its end. */
export class LaunchedAgent implements AgentHandle {
  readonly name: string
  readonly mission: string
  readonly result: Promise<AgentEnd>
  /** Messages to the agent; `outbox` has those from it to its launcher. */
  readonly #inbox = new Mailbox()
  readonly outbox = new Mailbox()
  readonly #options: LaunchedAgentOptions
  readonly #cancel = new AbortController()
  readonly #over = new AbortController()
  #requests: PendingRequest[] = []
  /** Aborted to evict the agent from its current landing. */
  #evict = new AbortController()
  #progress: AgentProgress

  constructor(options: LaunchedAgentOptions) {
    const { name, mission, place } = options
    this.name = name
    this.mission = mission
    this.#options = options
    const nothing = { landings: 0, waits: false, bytesRead: 0, objects: 0 }
    this.#progress = { place, ...nothing, memoryBytes: SMALLEST_MEMORY }
    this.result = this.#follow()
  }

  get progress(): AgentProgress {
    return this.#progress
  }

  /** Whether the agent has ended. */
  get over(): boolean {
    return this.#over.signal.aborted
  }

  send(message: Json): void {
    this.deliver({ from: LAUNCHER, body: messageText(message) })
  }

  /** Queues a message and evicts the agent, so that its next landing delivers the message. */
  deliver(message: Message): void {
    this.#inbox.deliver(message)
    this.#evict.abort()
  }

  async receive(): Promise<Json | undefined> {
    for (;;) {
      const message = this.outbox.takeOne()
      if (message !== undefined) return JSON.parse(message.body) as Json
      if (this.over) return undefined
      await this.outbox.arrival(this.#over.signal).catch(() => {})
    }
  }

  checkpoint(): Promise<SnapshotAt | undefined> {
    return this.#request(undefined)
  }

  async move(place: string): Promise<SnapshotAt | undefined> {
    const { places } = this.#options
    if (!places.includes(place))
      throw new UsageError('USAGE', `"${this.name}" may not move to "${place}", only to ${places.join(', ')}`, {
        remedy: 'name one of these places',
      })
    return this.#request(place)
  }

  cancel(): void {
    this.#cancel.abort()
  }

  #request(to: string | undefined): Promise<SnapshotAt | undefined> {
    if (this.over) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#requests.push({ to, resolve })
      this.#evict.abort()
    })
  }

  async #follow(): Promise<AgentEnd> {
    const relayed = await this.#options.relay({
      signal: this.#cancel.signal,
      beforeLanding: (upcoming) => this.#beforeLanding(upcoming),
      onLanded: (landingResult) => this.#onLanded(landingResult),
      onProgress: (_place, progress) => this.#report(progress),
    })
    this.#over.abort()
    for (const { resolve } of this.#requests.splice(0)) resolve(undefined)
    return endOf(relayed, this.#cancel.signal.aborted)
  }

  /** Called when the agent is suspended before a landing. It resolves requests, and passes messages and requests along. */
  async #beforeLanding(upcoming: UpcomingLanding): Promise<LandingExtras> {
    const { place, waits } = upcoming
    this.#report({ place, waits })
    this.#resolveRequests(upcoming)
    if (waits) await this.#messageOrMove(upcoming)
    this.#report({ place, waits: false, landings: this.#progress.landings + 1, bytesRead: 0, objects: 0 })
    this.#evict = new AbortController()
    if (this.#requests.length > 0) this.#evict.abort()
    for (const request of this.#requests) request.tried = place
    const evict: EvictRequest = { signal: this.#evict.signal, to: () => this.#destination }
    return {
      messages: this.#messages(upcoming, this.#inbox.take()),
      evict,
      onSend: (message) => this.#options.deliver(message, this.name),
    }
  }

  /** The place of the first pending move. */
  get #destination(): string | undefined {
    return this.#requests.find(({ to }) => to !== undefined)?.to
  }

  /** Resolves the requests that are done. A move that was tried and failed is done too, so that it is not repeated. */
  #resolveRequests({ place, sequence, sealedBytes: bytes }: UpcomingLanding): void {
    if (sequence === 0) return
    const done = ({ to, tried }: PendingRequest) => to === undefined || to === place || tried === place
    for (const { resolve } of this.#requests.filter(done)) resolve({ place, sequence, bytes })
    this.#requests = this.#requests.filter((request) => !done(request))
  }

  /** Waits for a message or a move request. Checkpoint requests succeed at once, because the agent is suspended. */
  async #messageOrMove(upcoming: UpcomingLanding): Promise<void> {
    while (this.#inbox.empty && this.#destination === undefined) {
      this.#evict = new AbortController()
      await this.#inbox.arrival(AbortSignal.any([this.#cancel.signal, this.#evict.signal])).catch(() => {})
      this.#cancel.signal.throwIfAborted()
      this.#resolveRequests(upcoming)
    }
  }

  #messages({ branch, sequence }: UpcomingLanding, waiting: readonly Message[]): OutgoingMessages {
    const { mission, sender } = this.#options
    const moveTo = this.#destination
    const messages = { mission, branch, sequence, messages: waiting, ...(moveTo !== undefined && { moveTo }) }
    return { messages, sign: () => signMessages(messages, sender) }
  }

  #onLanded({ usage, sent = [] }: Pick<LandingResult<unknown>, 'usage' | 'sent'>): void {
    this.#report({ memoryBytes: Math.max(usage.memoryPages * PAGE_BYTES, SMALLEST_MEMORY) })
    for (const message of sent) this.#options.deliver(message, this.name)
  }

  #report(change: Partial<AgentProgress> | Progress): void {
    this.#progress = { ...this.#progress, ...change }
    this.#options.onProgress?.(this.#progress)
  }
}

function endOf({ landingResult, error, route, lost, bytesMoved }: Relayed, cancelled: boolean): AgentEnd {
  const history = { route, lost, bytesMoved }
  if (landingResult !== undefined) return { outcome: landingResult.outcome, ...history }
  // Errors of a cancelled agent are usually caused by the cancellation, so they are not reported.
  return cancelled ? { outcome: CANCELLED, ...history } : { ...(error && { error }), ...history }
}
