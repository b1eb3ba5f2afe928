import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { count, parseDocument, time } from '../bundle/document.ts'
import { fromBase64url, toBase64url } from '../encoding/base64url.ts'
import { utf8 } from '../encoding/bytes.ts'
import { canonicalJson } from '../encoding/canonical-json.ts'
import { sha256 } from '../encoding/digest.ts'
import type { Json } from '../encoding/json.ts'
import { RefusedError, UsageError } from '../errors.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import { keyFromSeed, type RandomBytes, type SigningKey, systemRandom } from './keys.ts'
import { MAX_ORDER_LIFETIME_MS } from './order.ts'
import { CLOCK_SKEW_MS } from './validity.ts'

/** One master key of a fleet. */
export interface SecretEpoch {
  /** Grows by one with every rotation, from 1. */
  readonly epoch: number
  /** 32 bytes, base64url. */
  readonly key: string
  /** When the key stops opening sealed states, in milliseconds since 1970. The latest epoch has no end. */
  readonly notAfter?: number | undefined
}

/**
 * The fleet's secret: one master key, or two during a rotation. Every region has the same secret, and it never leaves
 * the regions. Sealing keys and receipt keys are derived from it, so no other secret has to be distributed.
 */
export interface FleetSecret {
  readonly lander: typeof SECRET_VERSION
  /**
   * Ascending. The last epoch seals and signs. The former one only opens states that were sealed before the rotation.
   */
  readonly epochs: readonly SecretEpoch[]
}

/**
 * The secret has a version of its own: a new secret would lose the agents in transit, so it changes
 * only when its own fields do.
 */
const SECRET_VERSION = 1

const REMEDY = 'write a new one: lander fleet rotate'

const KEY_BYTES = 32

/** How long the former epoch remains valid. No order, and so no state in transit, is valid for longer. */
export const ROTATION_OVERLAP_MS = MAX_ORDER_LIFETIME_MS + CLOCK_SKEW_MS

// 43 characters hold 258 bits, so the last one ends in two zero bits.
const masterKey = v.pipe(v.string(), v.regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/))

const secret = v.strictObject({
  lander: v.literal(SECRET_VERSION),
  epochs: v.pipe(
    v.array(
      v.strictObject({
        epoch: v.pipe(count(Number.MAX_SAFE_INTEGER), v.minValue(1)),
        key: masterKey,
        notAfter: v.optional(time),
      }),
    ),
    v.minLength(1),
    v.maxLength(2),
    v.check((epochs) => epochs.every(({ epoch }, i) => i === 0 || epochs[i - 1]!.epoch < epoch)),
    v.check((epochs) => epochs.every(({ notAfter }, i) => (notAfter === undefined) === (i === epochs.length - 1))),
  ),
}) satisfies v.GenericSchema<unknown, FleetSecret>

const kind = {
  name: 'the fleet secret',
  remedy: REMEDY,
  version: SECRET_VERSION,
  code: 'SECRET_MALFORMED',
  maxBytes: 4096,
} as const

/** What Secrets Manager generates when a fleet is deployed: 64 letters and digits, 381 bits. */
const GENERATED = /^[A-Za-z0-9]{64}$/

/**
 * Reads a fleet's secret: a document with one or two epochs. Before the first rotation it is the password that Secrets
 * Manager generated, from which the key of epoch 1 is derived.
 *
 * @throws RefusedError `SECRET_MALFORMED`. Neither the message nor the cause contains any of the text.
 */
export function parseFleetSecret(text: string): FleetSecret {
  if (GENERATED.test(text))
    return { lander: SECRET_VERSION, epochs: [{ epoch: 1, key: toBase64url(sha256(utf8(text))) }] }
  try {
    return parseDocument(secret, utf8(text), kind)
  } catch {
    // No cause: a schema error quotes its input.
    throw new RefusedError(kind.code, 'the fleet secret is malformed', { remedy: REMEDY })
  }
}

/** Makes the first secret of a fleet. */
export function createFleetSecret(random: RandomBytes = systemRandom): FleetSecret {
  return { lander: SECRET_VERSION, epochs: [{ epoch: 1, key: toBase64url(random(KEY_BYTES)) }] }
}

/** The text of a secret, as {@link parseFleetSecret} reads it. */
export function formatFleetSecret(value: FleetSecret): string {
  return canonicalJson(value as unknown as Json)
}

export interface RotationOptions {
  /**
   * How long the former epoch remains valid. 0 ends it at once: for a leaked secret.
   * @default 24 hours and 5 minutes
   */
  readonly overlapMs?: number
  readonly random?: RandomBytes
}

/**
 * The secret with a new epoch. The former epoch opens sealed states until `now + overlapMs`, so agents that are in
 * transit during the rotation can land.
 *
 * @throws UsageError `USAGE` during another rotation: the states of its former epoch could no longer be opened
 */
export function rotateSecret(value: FleetSecret, now: number, options: RotationOptions = {}): FleetSecret {
  const { overlapMs = ROTATION_OVERLAP_MS, random = systemRandom } = options
  const current = currentEpoch(value)
  const [former] = liveEpochs(value, now)
  if (overlapMs > 0 && former !== undefined && former !== current) throw stillRotating(former, now)
  const next = { epoch: current.epoch + 1, key: toBase64url(random(KEY_BYTES)) }
  const ending = overlapMs > 0 ? [{ ...current, notAfter: now + overlapMs }] : []
  return { lander: SECRET_VERSION, epochs: [...ending, next] }
}

function stillRotating({ epoch, notAfter = 0 }: SecretEpoch, now: number): UsageError {
  const minutes = Math.ceil((notAfter - now) / 60_000)
  return new UsageError(
    'USAGE',
    `epoch ${epoch} of the fleet secret still opens sealed states for ${minutes} minutes`,
    {
      remedy: 'wait until then, or end it at once with --immediately, which loses the agents in transit',
    },
  )
}

/** The epoch that seals and signs. */
export function currentEpoch({ epochs }: FleetSecret): SecretEpoch {
  return epochs.at(-1)!
}

/** The epochs that open sealed states at `now`. */
export function liveEpochs({ epochs }: FleetSecret, now: number): readonly SecretEpoch[] {
  return epochs.filter(({ notAfter = Number.POSITIVE_INFINITY }) => now < notAfter)
}

/**
 * The key that signs a fleet's receipts in one epoch. It is the same in every region. Takes 3 ms, so cache it.
 *
 * @throws RefusedError `EPOCH_UNKNOWN`
 */
export function deriveReceiptKey(value: FleetSecret, fleet: string, epoch: number): SigningKey {
  return keyFromSeed(derive(value, epoch, [`lander receipt v${FORMAT_VERSION}`, fleet, epoch]))
}

/** Everything that a sealed state is bound to. Its key is derived from this context, so no other context opens it. */
export interface SealingContext {
  readonly epoch: number
  readonly fleet: string
  readonly mission: string
  /** SHA-256 of the manifest, base64url. */
  readonly manifest: string
  /** Which agent of the mission: the place it started in, and for a copy the landing and number it was sent with. */
  readonly branch: string
  /** An agent, the answer of a copy to its agent, or the record of how a landing ended, which only its region reads. */
  readonly kind: 'agent' | 'answer' | 'record'
  /** The number of the landing that it is for. The first landing of a branch is 0. */
  readonly sequence: number
  /** The place that sealed it. */
  readonly from: string
  /** The only place that may open it. */
  readonly to: string
  /** SHA-256 of the engine's binary, base64url. */
  readonly engine: string
  readonly abi: number
}

/**
 * The key of one sealed state: 32 bytes, bound to this context.
 *
 * @throws RefusedError `EPOCH_UNKNOWN`
 */
export function deriveSealingKey(value: FleetSecret, context: SealingContext): Uint8Array {
  const { epoch, fleet, mission, manifest, branch, kind, sequence, from, to, engine, abi } = context
  const step = [branch, kind, sequence, from, to]
  return derive(value, epoch, [`lander state v${FORMAT_VERSION}`, fleet, mission, manifest, ...step, engine, abi])
}

/**
 * HKDF-SHA-256 (RFC 5869). The key is uniform, so there is no salt. The info is JSON, so different lists never
 * coincide.
 */
function derive({ epochs }: FleetSecret, epoch: number, info: Json): Uint8Array {
  const found = epochs.find((candidate) => candidate.epoch === epoch)
  if (found === undefined) throw new RefusedError('EPOCH_UNKNOWN', `the fleet secret has no epoch ${epoch}`)
  return hkdf(nobleSha256, fromBase64url(found.key), undefined, utf8(canonicalJson(info)), KEY_BYTES)
}
