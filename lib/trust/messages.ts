/**
 * Messages to an agent, from its sender or from another agent of the same sender. They arrive with a landing. The
 * sender of the order signs them for exactly this landing, so the relay can neither forge messages nor move the agent
 * elsewhere.
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

/** The largest signed payload with the messages of one landing. */
export const MAX_MESSAGES_BYTES = 512 * 1024
/** The most messages of one landing. */
export const MAX_MESSAGES = 256

/** One message to an agent. */
export interface Message {
  /** The sender: an agent's name, or `launcher`. */
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
  /** Where the agent moves as soon as it waits for something. @default it stays */
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
  /** The key that signed the order. */
  readonly sender: Pick<KeyGrant, 'keyId'>
  /** The landing that the messages must be for. */
  readonly landing: Pick<SignedMessages, 'mission' | 'branch' | 'sequence'>
  readonly now: number
}

/**
 * Verifies messages: signed only by the order's sender, and for this landing.
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
