/**
 * The relay's view of a place: agents land there, and their sealed states change hands there. A region is one, behind Lambda and
 * S3; so is a place of the caller's own ([`lib/places`](../places)).
 */

import type { Invocation } from '../host/invocation.ts'
import type { LandingReply } from '../host/landing-result.ts'
import type { AgentBucket } from '../objects/agent-bucket.ts'
import type { Progress, SentMessage } from '../sandbox/contract/job.ts'
import type { EnvelopeJson } from '../trust/envelope.ts'
import type { SignedMessages } from '../trust/messages.ts'

export interface LandOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Messages for the agent. What leaves this process is signed, for this landing alone. */
  readonly messages?: OutgoingMessages | undefined
  /** Takes the agent's messages as they come, where there is a way to. The others are part of the landing result. */
  readonly onSend?: ((message: SentMessage) => void) | undefined
  /** Ends the landing. */
  readonly signal?: AbortSignal | undefined
  /** Asks the agent to leave as soon as it waits for something. Places that can't be asked in the middle pass it over. */
  readonly evict?: EvictRequest | undefined
}

/** Messages for one landing, with or without a signature. */
export interface OutgoingMessages {
  readonly messages: SignedMessages
  sign(): EnvelopeJson
}

/** A wish that an agent leaves its place. */
export interface EvictRequest {
  readonly signal: AbortSignal
  /** Where it is to go on. @default where it is, in a new landing */
  readonly to?: (() => string | undefined) | undefined
}

/** Where an agent can land. */
export interface LandingPlace {
  readonly name: string
  /** Where sealed states that are too large for a message wait: those that leave this place, and those for it. */
  readonly states: Pick<AgentBucket, 'get' | 'put'>
  /** Gives the place a bundle's code, unless it has it. @throws UnreachableError `UPLOAD_FAILED` */
  deliver(file: Uint8Array): Promise<Delivery>
  /** One landing, to its reply. @throws UnreachableError when there is none */
  land(invocation: Invocation, options?: LandOptions): Promise<Landing>
}

/** Finds a place by its name. @throws UnreachableError `FUNCTION_NOT_FOUND` */
export type FindPlace = (name: string) => LandingPlace

export interface Landing {
  readonly reply: LandingReply
  /** Bytes of payload that crossed the link, both ways. */
  readonly bytesMoved: number
}
/** How the bundle reaches a region: inside the invocation, or by its digest from the region's agent bucket. */

export interface Delivery {
  readonly bundle: Invocation['bundle']
  /** Bytes that an upload moved. */
  readonly bytesMoved: number
}
