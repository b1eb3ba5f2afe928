import { UsageError } from '../errors.ts'
import { MAX_MESSAGES, MAX_MESSAGES_BYTES, type Message } from '../trust/messages.ts'

/** The most messages that wait in one mailbox, and the most characters of them together. */
export const MAX_WAITING = 1000
export const MAX_WAITING_CHARACTERS = 1024 * 1024
/** The most characters that one landing delivers. A character can take six bytes in JSON, so the signed batch fits its limit. */
export const MAX_BATCH_CHARACTERS = MAX_MESSAGES_BYTES / 16

/** The queue of messages to one agent, or from an agent to its launcher. */
export class Mailbox {
  readonly #messages: Message[] = []
  readonly #readers: (() => void)[] = []
  #characters = 0

  /** Adds a message. @throws UsageError `LIMIT_REACHED` if the mailbox is full, or the message is too long */
  deliver(message: Message): void {
    const characters = this.#characters + message.body.length
    if (message.body.length > MAX_BATCH_CHARACTERS)
      throw new UsageError(
        'LIMIT_REACHED',
        `the message has ${message.body.length} characters of JSON; the limit is ${MAX_BATCH_CHARACTERS}`,
        {
          remedy: 'store larger data in an object, and send its key',
        },
      )
    if (this.#messages.length >= MAX_WAITING || characters > MAX_WAITING_CHARACTERS)
      throw new UsageError('LIMIT_REACHED', 'too many messages wait in the mailbox', {
        remedy: 'send fewer, or let the agent receive more often',
      })
    this.#messages.push(message)
    this.#characters = characters
    for (const wake of this.#readers.splice(0)) wake()
  }

  get empty(): boolean {
    return this.#messages.length === 0
  }

  /** Removes and returns as many messages as one landing can deliver. */
  take(): Message[] {
    const taken = this.#messages.splice(0, this.#batch())
    this.#characters -= taken.reduce((sum, { body }) => sum + body.length, 0)
    return taken
  }

  /** How many of the oldest messages fit into one landing. */
  #batch(): number {
    let characters = 0
    const end = this.#messages.findIndex(({ body }, index) => {
      characters += body.length
      return index >= MAX_MESSAGES || characters > MAX_BATCH_CHARACTERS
    })
    return end === -1 ? this.#messages.length : end
  }

  /** Removes and returns the oldest message; `undefined` if the mailbox is empty. */
  takeOne(): Message | undefined {
    const message = this.#messages.shift()
    this.#characters -= message?.body.length ?? 0
    return message
  }

  /** Resolves when there is a message. Rejects when `signal` aborts. */
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
