/** How the parts of a run send messages to the sandbox and answer the guest. */
import type { CallReply } from '../engine/call-reply.ts'
import type { FromExecutor } from '../wire/protocol.ts'

/** A message without the run's number, which the thread adds. */
export type Unnumbered<Message> = Message extends unknown ? Omit<Message, 'run'> : never

/** Sends a message to the sandbox. */
export type Send = (header: Unnumbered<FromExecutor>, body?: Uint8Array) => void

/** Answers a call of the guest. */
export type Settle = (call: number, ok: boolean, reply: CallReply) => unknown
