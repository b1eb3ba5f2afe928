import { type CallReply, call, tell } from './prelude/calls.ts'
import { parse, stringify } from './prelude/captured.ts'

/** A message that an agent got. */
export interface Message {
  /** Who sent it: an agent of the same launcher by its name, or `launcher`. */
  readonly from: string
  readonly message: unknown
}

/**
 * Sends a message to whoever launched this agent, or to another agent of the same launcher. From a region it leaves with
 * the landing: when the agent hops, waits, makes a checkpoint, or ends. So it is sent once, also if the place dies and
 * the landing is made again. From places of the sender's own it leaves at once. Messages count towards `resultBytes`.
 * Without a launcher nobody reads them.
 *
 * @param message JSON
 * @param to an agent's name @default 'launcher'
 * @throws TypeError for what has no JSON
 *
 * @example
 * send({ found: 12 })
 * send('your turn', 'ping')
 */
export function send(message: unknown, to = 'launcher'): void {
  const body: string | undefined = stringify(message)
  if (body === undefined || typeof to !== 'string') throw new TypeError('send() takes JSON, and the name of an agent')
  tell('send', stringify({ to, body }))
}

/**
 * The next message for this agent. While there is none, and nothing else keeps it busy, the agent is nowhere: it is
 * frozen, and landed again with the message. Messages that wait travel along.
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
