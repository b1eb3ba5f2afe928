import { type CallReply, call, tell } from './prelude/calls.ts'
import { parse, stringify } from './prelude/captured.ts'

/** A message that an agent has received. */
export interface Message {
  /** The sender: the name of another agent of the same launcher, or `launcher`. */
  readonly from: string
  readonly message: unknown
}

/**
 * Sends a message to the launcher of this agent, or to another agent of the same launcher.
 *
 * From a region, messages leave when the landing ends: when the agent hops, waits, makes a checkpoint, or returns. A
 * retried landing therefore does not send them twice. From a client place they leave at once. Messages count towards
 * the limit `resultBytes`. If no launcher started the agent, they are only part of the result.
 *
 * @param message any value that JSON can hold
 * @param to an agent's name @default 'launcher'
 * @throws TypeError for a value that JSON can not hold
 *
 * @example
 * send({ found: 12 })
 * send('your turn', 'ping')
 */
export function send(message: unknown, to = 'launcher'): void {
  const body: string | undefined = stringify(message)
  if (body === undefined || typeof to !== 'string')
    throw new TypeError('send() takes a value that JSON can hold, and the name of an agent')
  tell('send', stringify({ to, body }))
}

/**
 * Waits for the next message to this agent. While the agent waits for nothing else, it is suspended to storage and uses
 * no compute; it lands again with the message. Unread messages travel with the agent.
 *
 * @example
 * for (;;) {
 *   const { from, message } = await receive()
 *   if (message === 'stop') return
 *   send(`got ${message}`, from)
 * }
 */
export async function receive(): Promise<Message> {
  const { text } = (await call('receive')) as CallReply
  const { from, body } = parse(text!)
  return { from, message: parse(body) }
}
