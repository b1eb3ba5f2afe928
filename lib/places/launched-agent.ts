import type { Json } from '../encoding/json.ts'
import { UsageError } from '../errors.ts'
import type { Settlement } from '../host/protocol.ts'
import type { LeaveRequest, Mail } from '../relay/landing-place.ts'
import type { Boarded, Boarding, Relayed, RelayOptions } from '../relay/relay.ts'
import type { Progress, SentLetter } from '../sandbox/contract/job.ts'
import type { SigningKey } from '../trust/keys.ts'
import { type Letter, signLetters } from '../trust/messages.ts'
import { type AgentEnd, type AgentHandle, type AgentProgress, type FrozenAt, messageText } from './agent-handle.ts'
import { Mailbox } from './mailbox.ts'

/** Whoever launched an agent, as agents call it. */
export const LAUNCHER = 'launcher'

/** What the engine takes before an agent does: 22 pages. */
const SMALLEST_MEMORY = 22 * 65_536
const PAGE_BYTES = 65_536

export interface VoyageOptions {
  readonly name: string
  readonly mission: string
  readonly sender: SigningKey
  /** Where it starts. */
  readonly place: string
  /** Where it may go. */
  readonly places: readonly string[]
  readonly onProgress?: ((progress: AgentProgress) => void) | undefined
  /** Its messages to other agents, or to its launcher. */
  readonly deliver: (sent: SentLetter, from: string) => void
  /** Carries it from landing to landing. */
  readonly relay: (hooks: Pick<RelayOptions, 'board' | 'onSettled' | 'onProgress' | 'signal'>) => Promise<Relayed>
}

interface Wish {
  /** Where to; `undefined`: it is to go on where it is. */
  readonly to: string | undefined
  readonly grant: (frozen: FrozenAt | undefined) => void
  /** Where the agent landed with it. */
  tried?: string
}

const CANCELLED = { kind: 'stopped', limit: 'cancelled', message: 'the run was cancelled' } as const

/** One agent, from its launch to its end. */
export class Voyage implements AgentHandle {
  readonly name: string
  readonly mission: string
  readonly result: Promise<AgentEnd>
  /** Letters for the agent, and from it to its launcher. */
  readonly #inbox = new Mailbox()
  readonly outbox = new Mailbox()
  readonly #options: VoyageOptions
  readonly #cancel = new AbortController()
  readonly #over = new AbortController()
  #wishes: Wish[] = []
  /** Asks the agent to leave the landing it is in. */
  #leave = new AbortController()
  #progress: AgentProgress

  constructor(options: VoyageOptions) {
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
    this.post({ from: LAUNCHER, body: messageText(message) })
  }

  /** A letter for the agent: where it can be asked to, it is frozen at its next await and landed with it. */
  post(letter: Letter): void {
    this.#inbox.post(letter)
    this.#leave.abort()
  }

  async receive(): Promise<Json | undefined> {
    for (;;) {
      const letter = this.outbox.takeOne()
      if (letter !== undefined) return JSON.parse(letter.body) as Json
      if (this.over) return undefined
      await this.outbox.arrival(this.#over.signal).catch(() => {})
    }
  }

  checkpoint(): Promise<FrozenAt | undefined> {
    return this.#wish(undefined)
  }

  async move(place: string): Promise<FrozenAt | undefined> {
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

  #wish(to: string | undefined): Promise<FrozenAt | undefined> {
    if (this.over) return Promise.resolve(undefined)
    return new Promise((grant) => {
      this.#wishes.push({ to, grant })
      this.#leave.abort()
    })
  }

  async #follow(): Promise<AgentEnd> {
    const relayed = await this.#options.relay({
      signal: this.#cancel.signal,
      board: (boarding) => this.#board(boarding),
      onSettled: (settlement) => this.#onSettled(settlement),
      onProgress: (_place, progress) => this.#report(progress),
    })
    this.#over.abort()
    for (const { grant } of this.#wishes.splice(0)) grant(undefined)
    return endOf(relayed, this.#cancel.signal.aborted)
  }

  /** The agent is frozen, and about to land: what was wished for is so, and what is wished for now goes along. */
  async #board(boarding: Boarding): Promise<Boarded> {
    const { region: place, waits } = boarding
    this.#report({ place, waits })
    this.#grant(boarding)
    if (waits) await this.#letterOrMove(boarding)
    this.#report({ place, waits: false, landings: this.#progress.landings + 1, bytesRead: 0, objects: 0 })
    this.#leave = new AbortController()
    if (this.#wishes.length > 0) this.#leave.abort()
    for (const wish of this.#wishes) wish.tried = place
    const leave: LeaveRequest = { signal: this.#leave.signal, to: () => this.#destination }
    return {
      mail: this.#mail(boarding, this.#inbox.take()),
      leave,
      onSend: (letter) => this.#options.deliver(letter, this.name),
    }
  }

  /** Where the agent is wanted. */
  get #destination(): string | undefined {
    return this.#wishes.find(({ to }) => to !== undefined)?.to
  }

  /** A move that was tried, and left the agent where it was, is not tried over and over. */
  #grant({ region: place, sequence, boxBytes: bytes }: Boarding): void {
    if (sequence === 0) return
    const granted = ({ to, tried }: Wish) => to === undefined || to === place || tried === place
    for (const { grant } of this.#wishes.filter(granted)) grant({ place, sequence, bytes })
    this.#wishes = this.#wishes.filter((wish) => !granted(wish))
  }

  /** It lands for a letter, or to be moved. Frozen as it is, it has every checkpoint it is asked for. */
  async #letterOrMove(boarding: Boarding): Promise<void> {
    while (this.#inbox.empty && this.#destination === undefined) {
      this.#leave = new AbortController()
      await this.#inbox.arrival(AbortSignal.any([this.#cancel.signal, this.#leave.signal])).catch(() => {})
      this.#cancel.signal.throwIfAborted()
      this.#grant(boarding)
    }
  }

  #mail({ branch, sequence }: Boarding, waiting: readonly Letter[]): Mail {
    const { mission, sender } = this.#options
    const leaveFor = this.#destination
    const letters = { mission, branch, sequence, letters: waiting, ...(leaveFor !== undefined && { leaveFor }) }
    return { letters, sign: () => signLetters(letters, sender) }
  }

  #onSettled({ usage, sent = [] }: Pick<Settlement<unknown>, 'usage' | 'sent'>): void {
    this.#report({ memoryBytes: Math.max(usage.memoryPages * PAGE_BYTES, SMALLEST_MEMORY) })
    for (const letter of sent) this.#options.deliver(letter, this.name)
  }

  #report(change: Partial<AgentProgress> | Progress): void {
    this.#progress = { ...this.#progress, ...change }
    this.#options.onProgress?.(this.#progress)
  }
}

function endOf({ settlement, error, route, lost, bytesMoved }: Relayed, cancelled: boolean): AgentEnd {
  const way = { route, lost, bytesMoved }
  if (settlement !== undefined) return { outcome: settlement.outcome, ...way }
  // What a cancelled agent met with on its way is of no interest any more.
  return cancelled ? { outcome: CANCELLED, ...way } : { ...(error && { error }), ...way }
}
