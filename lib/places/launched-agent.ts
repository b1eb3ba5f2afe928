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

/** Whoever launched an agent, as agents call it. */
export const LAUNCHER = 'launcher'

/** What the engine takes before an agent does: 22 pages. */
const SMALLEST_MEMORY = 22 * PAGE_BYTES

export interface LaunchedAgentOptions {
  readonly name: string
  readonly mission: string
  readonly sender: SigningKey
  /** Where it starts. */
  readonly place: string
  /** Where it may go. */
  readonly places: readonly string[]
  readonly onProgress?: ((progress: AgentProgress) => void) | undefined
  /** Its messages to other agents, or to its launcher. */
  readonly deliver: (sent: SentMessage, from: string) => void
  /** Carries it from landing to landing. */
  readonly relay: (
    hooks: Pick<RelayOptions, 'beforeLanding' | 'onLanded' | 'onProgress' | 'signal'>,
  ) => Promise<Relayed>
}

interface Wish {
  /** Where to; `undefined`: it is to go on where it is. */
  readonly to: string | undefined
  readonly grant: (frozen: SnapshotAt | undefined) => void
  /** Where the agent landed with it. */
  tried?: string
}

const CANCELLED = { kind: 'stopped', limit: 'cancelled', message: 'the run was cancelled' } as const

/** One agent, from its launch to its end. */
export class LaunchedAgent implements AgentHandle {
  readonly name: string
  readonly mission: string
  readonly result: Promise<AgentEnd>
  /** Messages for the agent, and from it to its launcher. */
  readonly #inbox = new Mailbox()
  readonly outbox = new Mailbox()
  readonly #options: LaunchedAgentOptions
  readonly #cancel = new AbortController()
  readonly #over = new AbortController()
  #wishes: Wish[] = []
  /** Asks the agent to leave the landing it is in. */
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

  /** A message for the agent: where it can be asked to, it is frozen at its next await and landed with it. */
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
    return this.#wish(undefined)
  }

  async move(place: string): Promise<SnapshotAt | undefined> {
    const { places } = this.#options
    if (!places.includes(place))
      throw new UsageError('USAGE', `"${this.name}" may not go to "${place}", only to ${places.join(', ')}`, {
        remedy: 'name one of these',
      })
    return this.#wish(place)
  }

  cancel(): void {
    this.#cancel.abort()
  }

  #wish(to: string | undefined): Promise<SnapshotAt | undefined> {
    if (this.over) return Promise.resolve(undefined)
    return new Promise((grant) => {
      this.#wishes.push({ to, grant })
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
    for (const { grant } of this.#wishes.splice(0)) grant(undefined)
    return endOf(relayed, this.#cancel.signal.aborted)
  }

  /** The agent is frozen, and about to land: what was wished for is so, and what is wished for now goes along. */
  async #beforeLanding(upcoming: UpcomingLanding): Promise<LandingExtras> {
    const { place, waits } = upcoming
    this.#report({ place, waits })
    this.#grant(upcoming)
    if (waits) await this.#messageOrMove(upcoming)
    this.#report({ place, waits: false, landings: this.#progress.landings + 1, bytesRead: 0, objects: 0 })
    this.#evict = new AbortController()
    if (this.#wishes.length > 0) this.#evict.abort()
    for (const wish of this.#wishes) wish.tried = place
    const evict: EvictRequest = { signal: this.#evict.signal, to: () => this.#destination }
    return {
      messages: this.#messages(upcoming, this.#inbox.take()),
      evict,
      onSend: (message) => this.#options.deliver(message, this.name),
    }
  }

  /** Where the agent is wanted. */
  get #destination(): string | undefined {
    return this.#wishes.find(({ to }) => to !== undefined)?.to
  }

  /** A move that was tried, and left the agent where it was, is not tried over and over. */
  #grant({ place, sequence, sealedBytes: bytes }: UpcomingLanding): void {
    if (sequence === 0) return
    const granted = ({ to, tried }: Wish) => to === undefined || to === place || tried === place
    for (const { grant } of this.#wishes.filter(granted)) grant({ place, sequence, bytes })
    this.#wishes = this.#wishes.filter((wish) => !granted(wish))
  }

  /** It lands for a message, or to be moved. Frozen as it is, it has every checkpoint it is asked for. */
  async #messageOrMove(upcoming: UpcomingLanding): Promise<void> {
    while (this.#inbox.empty && this.#destination === undefined) {
      this.#evict = new AbortController()
      await this.#inbox.arrival(AbortSignal.any([this.#cancel.signal, this.#evict.signal])).catch(() => {})
      this.#cancel.signal.throwIfAborted()
      this.#grant(upcoming)
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
  const way = { route, lost, bytesMoved }
  if (landingResult !== undefined) return { outcome: landingResult.outcome, ...way }
  // What a cancelled agent met with on its way is of no interest any more.
  return cancelled ? { outcome: CANCELLED, ...way } : { ...(error && { error }), ...way }
}
