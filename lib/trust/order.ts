import * as v from 'valibot'
import {
  count,
  digest,
  documentPayload,
  fleetName,
  id,
  limits,
  MAX_PAYLOAD_BYTES,
  orderRegions,
  parseDocument,
  regions,
  scopes,
  time,
} from '../bundle/document.ts'
import { type Manifest, manifestPayload } from '../bundle/manifest.ts'
import { utf8 } from '../encoding/bytes.ts'
import { digestOf } from '../encoding/digest.ts'
import type { Limits } from '../limits.ts'
import type { Scope } from '../scope.ts'
import { type EnvelopeJson, envelopeToJson, parseEnvelope, signEnvelope } from './envelope.ts'
import { type RandomBytes, randomId, type SigningKey, systemRandom } from './keys.ts'

/** The payload type an envelope binds to an order. */
export const ORDER_TYPE = 'application/vnd.lander.order.v1+json'

/** What the sender signs, once per mission. */
export interface Order {
  readonly lander: 1
  /** 16 random bytes, base64url. */
  readonly mission: string
  /** 16 random bytes, base64url. */
  readonly nonce: string
  /** SHA-256 of the manifest's payload, base64url. */
  readonly manifest: string
  /** SHA-256 of the input's UTF-8 bytes, base64url. */
  readonly input: string
  readonly fleet: string
  /** Where this mission may run. */
  readonly regions: readonly string[]
  /** Places of the sender's own that the agent may start in or go to. @default none */
  readonly own?: ClientPlaces | undefined
  /** Equal to the manifest's or tighter. */
  readonly scopes: readonly Scope[]
  readonly limits: Limits
  /** A trial: of each object only the head of so many bytes is there. @default whole objects */
  readonly headBytes?: number | undefined
  readonly issuedAt: number
  readonly expiresAt: number
}

/** The sender's own places in a mission: on machines of theirs, in no fleet. */
export interface ClientPlaces {
  /** Names, none of them a region of the order. */
  readonly places: readonly string[]
  /** What regions seal for these places with: an X25519 public key of this mission alone, 32 bytes, base64url. */
  readonly key: string
}

/** The longest an order may live: replays are remembered at least as long. */
export const MAX_ORDER_LIFETIME_MS = 24 * 3600 * 1000

const publicKey = digest

const own = v.strictObject({ places: regions, key: publicKey }) satisfies v.GenericSchema<unknown, ClientPlaces>

const order = v.pipe(
  v.strictObject({
    lander: v.literal(1),
    mission: id,
    nonce: id,
    manifest: digest,
    input: digest,
    fleet: fleetName,
    regions: orderRegions,
    own: v.optional(own),
    scopes,
    limits,
    headBytes: v.optional(v.pipe(count(Number.MAX_SAFE_INTEGER), v.minValue(1))),
    issuedAt: time,
    expiresAt: time,
  }),
  v.check(({ issuedAt, expiresAt }) => issuedAt < expiresAt && expiresAt - issuedAt <= MAX_ORDER_LIFETIME_MS),
  v.check(({ regions, own }) => regions.length > 0 || own !== undefined),
  v.check(({ regions, own }) => own === undefined || !own.places.some((place) => regions.includes(place))),
) satisfies v.GenericSchema<unknown, Order>

const kind = { name: 'order', code: 'ORDER_MALFORMED', maxBytes: MAX_PAYLOAD_BYTES } as const

/** What an order is made from; by default it allows what the manifest allows. */
export interface OrderOptions {
  readonly manifest: Manifest
  /** The input as it will be sent: JSON text. */
  readonly input: string
  readonly now: number
  /** @default the manifest's */
  readonly fleet?: string
  /** @default the manifest's */
  readonly regions?: readonly string[]
  /** @default none */
  readonly own?: ClientPlaces | undefined
  /** @default the manifest's */
  readonly scopes?: readonly Scope[]
  /** @default the manifest's */
  readonly limits?: Limits
  /** @default whole objects */
  readonly headBytes?: number | undefined
  /** At most 24 hours. @default 1 hour */
  readonly lifetimeMs?: number
  readonly random?: RandomBytes
}

/** An order for one mission of a bundle: as wide as its manifest, unless told otherwise. */
export function createOrder(options: OrderOptions): Order {
  const { manifest, input, now, own, headBytes, lifetimeMs = 3600 * 1000, random = systemRandom } = options
  const {
    fleet = manifest.audience.fleet,
    regions = manifest.audience.regions,
    scopes = manifest.scopes,
    limits = manifest.limits,
  } = options
  return {
    lander: 1,
    mission: randomId(random),
    nonce: randomId(random),
    manifest: digestOf(manifestPayload(manifest)),
    input: digestOf(utf8(input)),
    fleet,
    regions,
    ...(own && { own }),
    scopes,
    limits,
    ...(headBytes !== undefined && { headBytes }),
    issuedAt: now,
    expiresAt: Math.min(now + lifetimeMs, manifest.expiresAt),
  }
}

/**
 * Signs an order with the sender's key.
 *
 * @throws RefusedError `ORDER_MALFORMED` for an order nobody would accept.
 */
export function signOrder(value: Order, key: SigningKey): EnvelopeJson {
  return envelopeToJson(signEnvelope(ORDER_TYPE, documentPayload(order, value, kind), [key]))
}

/**
 * Reads an order from the bytes that were signed: at most 16 KB, a closed schema, a life of at most 24 hours.
 *
 * @throws RefusedError `ORDER_MALFORMED`
 */
export function parseOrder(payload: Uint8Array): Order {
  return parseDocument(order, payload, kind)
}

/** What every reply to an order has to agree with. */
export interface OrderFacts extends Pick<Order, 'mission' | 'manifest' | 'input' | 'regions' | 'scopes'> {
  /** Id of the key that signed it. */
  readonly sender: string
}

/**
 * Reads an order without checking its signature, for the caller that holds replies against it. The places check it.
 *
 * @throws RefusedError `ENVELOPE_MALFORMED`, `ORDER_MALFORMED`
 */
export function readOrder(envelope: EnvelopeJson): OrderFacts {
  const { payload, signatures } = parseEnvelope(envelope)
  return { ...parseOrder(payload), sender: signatures[0]!.keyId }
}
