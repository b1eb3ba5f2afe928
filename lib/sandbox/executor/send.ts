/** What the parts of a run have in common: how they speak to the sandbox, and to the guest. */
import type { CallReply } from '../engine/call-reply.ts'
import type { FromExecutor } from '../wire/protocol.ts'

/** A message before the thread puts the run's number on it. */
export type Unnumbered<Message> = Message extends unknown ? Omit<Message, 'run'> : never

/** Sends one message to the sandbox. */
export type Send = (header: Unnumbered<FromExecutor>, body?: Uint8Array) => void

/** Answers a call of the guest. */
export type Settle = (call: number, ok: boolean, reply: CallReply) => unknown
