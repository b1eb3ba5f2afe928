/**
 * Messages to an agent: what its sender, or another agent of the same sender, has to say to it. They come with a landing,
 * signed by the sender of the order for that very landing, so whoever carries an agent can't put words into its mailbox,
 * nor send it elsewhere.
 */

import * as v from 'valibot'
import { count, documentPayload, id, label, parseDocument, regionName } from '../bundle/document.ts'
import { RefusedError } from '../errors.ts'
import { FORMAT_VERSION, FORMATS, mediaType } from '../format-version.ts'
import { type EnvelopeJson, envelopeToJson, parseEnvelope, signEnvelope } from './envelope.ts'
import type { KeyGrant } from './key-policy.ts'
import type { Keyring } from './keyring.ts'
import type { SigningKey } from './keys.ts'
import { verifyEnvelope } from './verify.ts'

/** The payload type an envelope binds to messages. */
export const MESSAGES_TYPE = mediaType('messages')

/** All messages of one landing, as a signed payload. */
export const MAX_MESSAGES_BYTES = 512 * 1024
/** Messages that come with one landing. */
export const MAX_MESSAGES = 256

/** One message, on its way to an agent. */
export interface Message {
  /** Whose it is: an agent's name, or `launcher`. */
  readonly from: string
  /** JSON text. */
  readonly body: string
}

/** Messages for one landing of an agent. */
export interface SignedMessages {
  readonly mission: string
  readonly branch: string
  readonly sequence: number
  readonly messages: readonly Message[]
  /** Where the agent is to go on as soon as it waits for something. @default it stays */
  readonly moveTo?: string | undefined
}

const messages = v.strictObject({
  lander: v.literal(FORMAT_VERSION),
  mission: id,
  branch: v.pipe(v.string(), v.maxLength(512)),
  sequence: count(Number.MAX_SAFE_INTEGER),
  messages: v.pipe(v.array(v.strictObject({ from: label, body: v.string() })), v.maxLength(MAX_MESSAGES)),
  moveTo: v.optional(regionName),
}) satisfies v.GenericSchema<unknown, SignedMessages & { lander: typeof FORMAT_VERSION }>

const kind = { ...FORMATS.messages, code: 'REQUEST_MALFORMED', maxBytes: MAX_MESSAGES_BYTES } as const

/** Signs messages with the key that signed the mission's order. @throws RefusedError `REQUEST_MALFORMED` */
export function signMessages(value: SignedMessages, sender: SigningKey): EnvelopeJson {
  const payload = documentPayload(messages, { lander: FORMAT_VERSION, ...value }, kind)
  return envelopeToJson(signEnvelope(MESSAGES_TYPE, payload, [sender]))
}

export interface MessagesChecks {
  readonly keyring: Keyring
  /** Who signed the order. */
  readonly sender: Pick<KeyGrant, 'keyId'>
  /** The landing they are for. */
  readonly landing: Pick<SignedMessages, 'mission' | 'branch' | 'sequence'>
  readonly now: number
}

/**
 * Verifies messages: signed by the order's sender and nobody else, for this very landing.
 *
 * @throws RefusedError what `verifyEnvelope` throws, `POLICY_DENIED` for another key, `REQUEST_MALFORMED`,
 *   `ORDER_MISMATCH` for another landing
 */
export function openMessages(envelope: unknown, { keyring, sender, landing, now }: MessagesChecks): SignedMessages {
  const decoded = parseEnvelope(envelope, MAX_MESSAGES_BYTES)
  const { payload, signers } = verifyEnvelope(decoded, MESSAGES_TYPE, keyring, now)
  if (signers.some(({ keyId }) => keyId !== sender.keyId))
    throw new RefusedError('POLICY_DENIED', 'the messages are not by the sender of the order')
  const opened = parseDocument(messages, payload, kind)
  for (const field of ['mission', 'branch', 'sequence'] as const)
    if (opened[field] !== landing[field])
      throw new RefusedError('ORDER_MISMATCH', 'the messages are for another landing')
  return opened
}
