import type { Message } from '../../trust/messages.ts'
import type { InboxNote } from '../wire/snapshot.ts'
import type { Send, Settle } from './send.ts'

/** The most calls that wait for a message at the same time. */
const MAX_RECEIVERS = 10_000

export interface InboxOptions {
  readonly send: Send
  readonly settle: Settle
  /** The messages of this landing; `undefined` if nobody sends messages to this agent. */
  readonly messages: readonly Message[] | undefined
}

/** The messages of one run: unread ones, the calls that wait for one, and those that the agent sends. */
export class Inbox {
  readonly #options: InboxOptions
  readonly #unread: Message[]
  readonly #receivers: number[] = []

  constructor(options: InboxOptions) {
    this.#options = options
    this.#unread = [...(options.messages ?? [])]
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

  /** Restores the messages of the snapshot, which come before new ones. */
  takeUp({ messages, receivers }: InboxNote): void {
    this.#unread.unshift(...messages)
    this.#receivers.unshift(...receivers)
  }

  /** Settles waiting calls with unread messages, the oldest message first. */
  deliver(): void {
    while (this.#unread.length > 0 && this.#receivers.length > 0)
      this.#options.settle(this.#receivers.shift()!, true, { text: JSON.stringify(this.#unread.shift()) })
  }

  /** What travels with the agent. Empty for most agents. */
  notes(): { inbox?: InboxNote } {
    if (this.#unread.length === 0 && this.#receivers.length === 0) return {}
    return { inbox: { messages: this.#unread, receivers: this.#receivers } }
  }
}
