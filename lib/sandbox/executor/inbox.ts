import type { Message } from '../../trust/messages.ts'
import type { InboxNote } from '../wire/snapshot.ts'
import type { Send, Settle } from './send.ts'

/** Calls that wait for a message at the same time. */
const MAX_RECEIVERS = 10_000

export interface InboxOptions {
  readonly send: Send
  readonly settle: Settle
  /** What came with this landing; `undefined` when nobody writes to this agent. */
  readonly messages: readonly Message[] | undefined
}

/** The mail of one run: messages that wait for the agent, calls that wait for a message, and what it sends. */
export class Inbox {
  readonly #options: InboxOptions
  readonly #inbox: Message[]
  readonly #receivers: number[] = []

  constructor(options: InboxOptions) {
    this.#options = options
    this.#inbox = [...(options.messages ?? [])]
  }

  /** Whether the agent waits for a message that may come. */
  get waiting(): boolean {
    return this.#receivers.length > 0 && this.#options.messages !== undefined
  }

  /** @throws Error if too many calls wait */
  receive(call: number): void {
    if (this.#receivers.length >= MAX_RECEIVERS) throw new Error(`more than ${MAX_RECEIVERS} calls wait for a message`)
    this.#receivers.push(call)
    this.deliver()
  }

  send(request: string): void {
    const { to, body } = JSON.parse(request) as { to: string; body: string }
    this.#options.send({ type: 'send', to }, Buffer.from(body))
  }

  /** What waited when the agent was frozen comes first. */
  takeUp({ messages, receivers }: InboxNote): void {
    this.#inbox.unshift(...messages)
    this.#receivers.unshift(...receivers)
  }

  /** Gives messages to the calls that wait for one, the oldest to the first. */
  deliver(): void {
    while (this.#inbox.length > 0 && this.#receivers.length > 0)
      this.#options.settle(this.#receivers.shift()!, true, { text: JSON.stringify(this.#inbox.shift()) })
  }

  /** What is to travel: most agents have no mail, and their state says nothing of it. */
  notes(): { inbox?: InboxNote } {
    if (this.#inbox.length === 0 && this.#receivers.length === 0) return {}
    return { inbox: { messages: this.#inbox, receivers: this.#receivers } }
  }
}
