import { UsageError } from '../errors.ts'
import { MAX_MESSAGES, MAX_MESSAGES_BYTES, type Message } from '../trust/messages.ts'

/** Messages that wait in one mailbox, and their characters in sum. */
export const MAX_WAITING = 1000
export const MAX_WAITING_CHARACTERS = 1024 * 1024
/** Messages of one landing stay below what can be signed in one go: in JSON a character may take six bytes. */
export const MAX_BATCH_CHARACTERS = MAX_MESSAGES_BYTES / 16

/** Where messages wait for an agent, or for whoever launched it. */
export class Mailbox {
  readonly #messages: Message[] = []
  readonly #readers: (() => void)[] = []
  #characters = 0

  /** @throws UsageError `LIMIT_REACHED` when too much waits already, or the message alone is too long */
  deliver(message: Message): void {
    const characters = this.#characters + message.body.length
    if (message.body.length > MAX_BATCH_CHARACTERS)
      throw new UsageError('LIMIT_REACHED', `a message has at most ${MAX_BATCH_CHARACTERS} characters of JSON`, {
        remedy: 'put what is larger into an object, and send its name',
      })
    if (this.#messages.length >= MAX_WAITING || characters > MAX_WAITING_CHARACTERS)
      throw new UsageError('LIMIT_REACHED', 'too many messages wait in this mailbox', {
        remedy: 'send fewer, or have the agent receive more often',
      })
    this.#messages.push(message)
    this.#characters = characters
    for (const wake of this.#readers.splice(0)) wake()
  }

  get empty(): boolean {
    return this.#messages.length === 0
  }

  /** The messages at hand, as many as go along with one landing. */
  take(): Message[] {
    const taken = this.#messages.splice(0, this.#batch())
    this.#characters -= taken.reduce((sum, { body }) => sum + body.length, 0)
    return taken
  }

  /** How many messages, from the oldest on, fit into one landing. */
  #batch(): number {
    let characters = 0
    const end = this.#messages.findIndex(({ body }, index) => {
      characters += body.length
      return index >= MAX_MESSAGES || characters > MAX_BATCH_CHARACTERS
    })
    return end === -1 ? this.#messages.length : end
  }

  /** The oldest message, if there is one. */
  takeOne(): Message | undefined {
    const message = this.#messages.shift()
    this.#characters -= message?.body.length ?? 0
    return message
  }

  /** Resolves once there is a message. Rejects when `signal` fires. */
  async arrival(signal: AbortSignal): Promise<void> {
    while (this.#messages.length === 0) {
      signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        this.#readers.push(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }
}
