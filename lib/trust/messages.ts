/**
 * Letters to an agent: what its sender, or another agent of the same sender, has to say to it. They come with a landing,
 * signed by the sender of the order for that very landing, so whoever carries an agent can't put words into its mailbox,
 * nor send it elsewhere.
 */
import * as v from 'valibot'
import { count, documentPayload, id, label, parseDocument, regionName } from '../bundle/document.ts'
import { RefusedError } from '../errors.ts'
import { type EnvelopeJson, envelopeToJson, parseEnvelope, signEnvelope } from './envelope.ts'
import type { Keyring } from './keyring.ts'
import type { SigningKey } from './keys.ts'
import type { KeyGrant } from './policy.ts'
import { verifyEnvelope } from './verify.ts'

/** The payload type an envelope binds to letters. */
export const LETTERS_TYPE = 'application/vnd.lander.letters.v1+json'

/** All letters of one landing, as a signed payload. */
export const MAX_LETTERS_BYTES = 512 * 1024
/** Letters that come with one landing. */
export const MAX_LETTERS = 256

/** One message, on its way to an agent. */
export interface Letter {
  /** Whose it is: an agent's name, or `launcher`. */
  readonly from: string
  /** JSON text. */
  readonly body: string
}

/** Letters for one landing of an agent. */
export interface Letters {
  readonly mission: string
  readonly branch: string
  readonly sequence: number
  readonly letters: readonly Letter[]
  /** Where the agent is to go on as soon as it waits for something. @default it stays */
  readonly leaveFor?: string | undefined
}

const letters = v.strictObject({
  lander: v.literal(1),
  mission: id,
  branch: v.pipe(v.string(), v.maxLength(512)),
  sequence: count(Number.MAX_SAFE_INTEGER),
  letters: v.pipe(v.array(v.strictObject({ from: label, body: v.string() })), v.maxLength(MAX_LETTERS)),
  leaveFor: v.optional(regionName),
}) satisfies v.GenericSchema<unknown, Letters & { lander: 1 }>

const kind = { name: 'mail', code: 'REQUEST_MALFORMED', maxBytes: MAX_LETTERS_BYTES } as const

/** Signs letters with the key that signed the mission's order. @throws RefusedError `REQUEST_MALFORMED` */
export function signLetters(value: Letters, sender: SigningKey): EnvelopeJson {
  const payload = documentPayload(letters, { lander: 1, ...value }, kind)
  return envelopeToJson(signEnvelope(LETTERS_TYPE, payload, [sender]))
}

export interface LettersChecks {
  readonly keyring: Keyring
  /** Who signed the order. */
  readonly sender: Pick<KeyGrant, 'keyId'>
  /** The landing they are for. */
  readonly landing: Pick<Letters, 'mission' | 'branch' | 'sequence'>
  readonly now: number
}

/**
 * Verifies letters: signed by the order's sender and nobody else, for this very landing.
 *
 * @throws RefusedError what `verifyEnvelope` throws, `POLICY_DENIED` for another key, `REQUEST_MALFORMED`,
 *   `ORDER_MISMATCH` for another landing
 */
export function openLetters(envelope: unknown, { keyring, sender, landing, now }: LettersChecks): Letters {
  const decoded = parseEnvelope(envelope, MAX_LETTERS_BYTES)
  const { payload, signers } = verifyEnvelope(decoded, LETTERS_TYPE, keyring, now)
  if (signers.some(({ keyId }) => keyId !== sender.keyId))
    throw new RefusedError('POLICY_DENIED', 'the letters are not by the sender of the order')
  const opened = parseDocument(letters, payload, kind)
  for (const field of ['mission', 'branch', 'sequence'] as const)
    if (opened[field] !== landing[field])
      throw new RefusedError('ORDER_MISMATCH', 'the letters are for another landing')
  return opened
}
