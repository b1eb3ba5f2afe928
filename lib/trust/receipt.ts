import * as v from 'valibot'
import {
  areDistinct,
  count,
  digest,
  documentPayload,
  fleetName,
  id,
  limits,
  parseDocument,
  regionName,
  time,
} from '../bundle/document.ts'
import { utf8 } from '../encoding/bytes.ts'
import { canonicalJson } from '../encoding/canonical-json.ts'
import { digestOf } from '../encoding/digest.ts'
import type { Json } from '../encoding/json.ts'
import { RefusedError } from '../errors.ts'
import { FORMAT_VERSION, FORMATS, mediaType } from '../format-version.ts'
import type { Limits } from '../limits.ts'
import { type EnvelopeJson, envelopeToJson, MAX_SIGNATURES, parseEnvelope, signEnvelope } from './envelope.ts'
import { keyIdOf, type SigningKey } from './keys.ts'
import { verifySignatures } from './verify.ts'

/** The payload type an envelope binds to a receipt. */
export const RECEIPT_TYPE = mediaType('receipt')

/** An object version that the agent read, and how many bytes of it. */
export interface ReceiptObject {
  readonly bucket: string
  readonly key: string
  readonly etag: string
  /** In bytes. */
  readonly size: number
  readonly bytesRead: number
}

/** The objects of a run: all of them as a digest and a total, and the first of them by name. */
export interface ReceiptObjects {
  readonly count: number
  readonly bytesRead: number
  /** SHA-256 of the canonical JSON of the whole list, base64url. */
  readonly digest: string
  /** The whole list, or its beginning if it is too long. */
  readonly listed: readonly ReceiptObject[]
}

/** A region's account about one landing, signed by the fleet. All times are in milliseconds since 1970. */
export interface Receipt {
  readonly lander: typeof FORMAT_VERSION
  /** The epoch of the fleet secret whose receipt key has signed. */
  readonly epoch: number
  readonly fleet: string
  readonly region: string
  readonly mission: string
  /** Which agent of the mission: the place it started in, and for a copy the landing and number it was sent with. */
  readonly branch: string
  /** The number of this landing, from 0. A copy continues the numbers of the agent that sent it. */
  readonly sequence: number
  readonly entry: 'run' | 'merge' | 'resume'
  /** SHA-256 of the manifest, base64url: the code, its scopes and its limits. */
  readonly manifest: string
  readonly authors: readonly string[]
  readonly sender: string
  /** SHA-256 of the input's UTF-8 bytes, base64url. */
  readonly input: string
  /** The version of the key policy that admitted the agent. */
  readonly policy: number
  readonly limits: Limits
  readonly objects: ReceiptObjects
  /** Bytes of result, error text, messages and logs that left the region. */
  readonly bytesReturned: number
  readonly outcome: 'completed' | 'departed' | 'failed' | 'stopped'
  /** The digest of the result. `null` unless the run completed. */
  readonly result: string | null
  readonly startedAt: number
  readonly endedAt: number
  /** The digest of the receipt of the agent's previous landing. */
  readonly previous: string | null
}

/** A receipt before it is signed. The signer adds version and epoch. */
export type ReceiptDraft = Omit<Receipt, 'lander' | 'epoch'>

/** The largest payload of a receipt. */
export const MAX_RECEIPT_BYTES = 64 * 1024

/** How many objects a receipt names, and the most bytes of JSON for them: a key of 1,024 bytes can take 6,144. */
const MAX_LISTED = 64
const MAX_LISTED_BYTES = MAX_RECEIPT_BYTES / 2

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const keyId = v.pipe(v.string(), v.regex(/^[\w-]{22}$/))
const amount = count(Number.MAX_SAFE_INTEGER)

const object = v.strictObject({
  bucket: text(255),
  key: text(1024),
  etag: text(1024),
  size: amount,
  bytesRead: amount,
})

const receipt = v.pipe(
  v.strictObject({
    lander: v.literal(FORMAT_VERSION),
    epoch: amount,
    fleet: fleetName,
    region: regionName,
    mission: id,
    branch: text(256),
    sequence: amount,
    entry: v.picklist(['run', 'merge', 'resume']),
    manifest: digest,
    authors: v.pipe(
      v.array(keyId),
      v.minLength(1),
      v.maxLength(MAX_SIGNATURES),
      v.check((all) => areDistinct(all)),
    ),
    sender: keyId,
    input: digest,
    policy: amount,
    limits,
    objects: v.pipe(
      v.strictObject({
        count: amount,
        bytesRead: amount,
        digest,
        listed: v.pipe(v.array(object), v.maxLength(MAX_LISTED)),
      }),
      v.check(({ count, listed }) => listed.length <= count),
    ),
    bytesReturned: amount,
    outcome: v.picklist(['completed', 'departed', 'failed', 'stopped']),
    result: v.nullable(digest),
    startedAt: time,
    endedAt: time,
    previous: v.nullable(digest),
  }),
  v.check(({ outcome, result }) => (outcome === 'completed') === (result !== null)),
) satisfies v.GenericSchema<unknown, Receipt>

const kind = { ...FORMATS.receipt, code: 'RECEIPT_MALFORMED', maxBytes: MAX_RECEIPT_BYTES } as const

/** Summarises a list of reads for a receipt, so that its size stays bounded. */
export function summarizeObjects(reads: readonly ReceiptObject[]): ReceiptObjects {
  const lines = reads.map(({ bucket, key, etag, size, bytesRead }) => ({ bucket, key, etag, size, bytesRead }))
  return {
    count: lines.length,
    bytesRead: lines.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    digest: digestOf(utf8(canonicalJson(lines))),
    listed: beginningOf(lines),
  }
}

function beginningOf(lines: readonly ReceiptObject[]): ReceiptObject[] {
  let room = MAX_LISTED_BYTES
  const end = lines.slice(0, MAX_LISTED).findIndex((line) => {
    room -= utf8(canonicalJson(line as unknown as Json)).length + 1
    return room < 0
  })
  return lines.slice(0, end < 0 ? MAX_LISTED : end)
}

/** SHA-256 of a result as `JSON.stringify` writes it (ECMAScript §25.5.2), base64url. */
export function resultDigest(value: Json): string {
  return digestOf(utf8(JSON.stringify(value)))
}

/**
 * Signs a receipt with the fleet's receipt key of an epoch.
 *
 * @throws RefusedError `RECEIPT_MALFORMED` for a receipt that no verifier would accept
 */
export function signReceipt(draft: ReceiptDraft, { epoch, key }: { epoch: number; key: SigningKey }): EnvelopeJson {
  const payload = documentPayload(receipt, { lander: FORMAT_VERSION, epoch, ...draft }, kind)
  return envelopeToJson(signEnvelope(RECEIPT_TYPE, payload, [key]))
}

/** The digest of a receipt, which the receipt of the next landing names as `previous`. */
export function receiptDigest(envelope: EnvelopeJson): string {
  return digestOf(parseEnvelope(envelope, MAX_RECEIPT_BYTES).payload)
}

/**
 * Reads a receipt without checking its signature: a genuine one of another landing shows by what it says.
 *
 * @throws RefusedError `ENVELOPE_MALFORMED`, `RECEIPT_MALFORMED`
 */
export function readReceipt(envelope: EnvelopeJson): Receipt {
  return parseDocument(receipt, parseEnvelope(envelope, MAX_RECEIPT_BYTES).payload, kind)
}

/** The keys whose receipts are trusted. */
export interface ReceiptTrust {
  readonly fleet: string
  /** The fleet's receipt keys by epoch, 32 bytes each. */
  readonly keys: ReadonlyMap<number, Uint8Array>
}

/** A receipt whose signature is valid. */
export interface VerifiedReceipt {
  readonly receipt: Receipt
  /** SHA-256 of the payload, base64url: what the next landing's receipt names as `previous`. */
  readonly digest: string
}

/**
 * Verifies a receipt: signed only by the fleet's receipt key of the epoch that it names.
 *
 * @param envelope an {@link EnvelopeJson}.
 * @throws RefusedError `ENVELOPE_MALFORMED`, `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_UNKNOWN`, `KEY_INVALID`,
 *   `RECEIPT_MALFORMED` or `WRONG_FLEET`
 */
export function verifyReceipt(envelope: unknown, { fleet, keys }: ReceiptTrust): VerifiedReceipt {
  const decoded = parseEnvelope(envelope, MAX_RECEIPT_BYTES)
  const byId = new Map([...keys].map(([epoch, key]) => [keyIdOf(key), { epoch, key }]))
  const signedIn = new Set<number>()
  const payload = verifySignatures(decoded, RECEIPT_TYPE, (signer) => {
    const known = byId.get(signer)
    if (known === undefined) throw new RefusedError('KEY_UNKNOWN', 'the receipt is not by a key of this fleet', REMEDY)
    signedIn.add(known.epoch)
    return known.key
  })
  const verified = parseDocument(receipt, payload, kind)
  if (signedIn.size !== 1 || !signedIn.has(verified.epoch))
    throw new RefusedError('KEY_UNKNOWN', `the receipt is not by the key of epoch ${verified.epoch} alone`, REMEDY)
  if (verified.fleet !== fleet) throw new RefusedError('WRONG_FLEET', 'the receipt is of another fleet')
  return { receipt: verified, digest: digestOf(payload) }
}

const REMEDY = { remedy: 'update the fleet file with lander fleet check, which adds the keys of new epochs' }

/**
 * Verifies that the receipts are a complete chain of the landings of one agent, in order. Each receipt names the
 * previous one, and all have the same mission, code, input and sender. The chain of a copy begins with the chain of its
 * agent. Client places sign no receipts, so landing numbers may be missing in the chain, but no receipt may.
 *
 * @throws RefusedError `RECEIPT_CHAIN_BROKEN` with the number of the first receipt that does not fit
 */
export function verifyReceiptChain(receipts: readonly VerifiedReceipt[]): void {
  receipts.forEach(({ receipt }, index) => {
    const before = receipts[index - 1]
    if (receipt.sequence <= (before?.receipt.sequence ?? -1) || receipt.previous !== (before?.digest ?? null))
      throw broken(index, 'does not follow the previous one')
    if (before === undefined) return
    if (!SAME.every((field) => receipt[field] === before.receipt[field])) throw broken(index, 'is of another mission')
    if (!isOfBranch(receipt.branch, before.receipt.branch)) throw broken(index, 'is of another agent of the mission')
  })
}

const SAME = ['fleet', 'mission', 'manifest', 'input', 'sender'] as const

/** The same agent, or a copy of it. */
function isOfBranch(branch: string, parent: string): boolean {
  return branch === parent || branch.startsWith(`${parent}/`)
}

function broken(index: number, fault: string): RefusedError {
  return new RefusedError('RECEIPT_CHAIN_BROKEN', `receipt ${index} of the chain ${fault}`, {
    remedy: 'pass every receipt of one mission, in the order of its landings',
  })
}
