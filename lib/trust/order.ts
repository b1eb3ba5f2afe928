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
import { FORMAT_VERSION, FORMATS, mediaType } from '../format-version.ts'
import type { Limits } from '../limits.ts'
import type { Scope } from '../scope.ts'
import { type EnvelopeJson, envelopeToJson, parseEnvelope, signEnvelope } from './envelope.ts'
import { type RandomBytes, randomId, type SigningKey, systemRandom } from './keys.ts'

/** The payload type an envelope binds to an order. */
export const ORDER_TYPE = mediaType('order')

/** What the sender signs, once for each mission. */
export interface Order {
  readonly lander: typeof FORMAT_VERSION
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
  /** The client places that the agent may start in or move to. @default none */
  readonly clientPlaces?: ClientPlaces | undefined
  /** Equal to the manifest's or tighter. */
  readonly scopes: readonly Scope[]
  readonly limits: Limits
  /** For a trial run: the agent sees only this many bytes at the start of each object. @default whole objects */
  readonly headBytes?: number | undefined
  readonly issuedAt: number
  readonly expiresAt: number
}

/** The client places of a mission. They run on the sender's machines and belong to no fleet. */
export interface ClientPlaces {
  /** Their names. None is a region of the order. */
  readonly places: readonly string[]
  /**
   * The X25519 public key that regions seal states for these places with. Made for this mission; 32 bytes, base64url.
   */
  readonly key: string
}

/** The longest lifetime of an order. The ledger remembers landings at least as long. */
export const MAX_ORDER_LIFETIME_MS = 24 * 3600 * 1000

const publicKey = digest

const clientPlacesSchema = v.strictObject({ places: regions, key: publicKey }) satisfies v.GenericSchema<
  unknown,
  ClientPlaces
>

const order = v.pipe(
  v.strictObject({
    lander: v.literal(FORMAT_VERSION),
    mission: id,
    nonce: id,
    manifest: digest,
    input: digest,
    fleet: fleetName,
    regions: orderRegions,
    clientPlaces: v.optional(clientPlacesSchema),
    scopes,
    limits,
    headBytes: v.optional(v.pipe(count(Number.MAX_SAFE_INTEGER), v.minValue(1))),
    issuedAt: time,
    expiresAt: time,
  }),
  v.check(({ issuedAt, expiresAt }) => issuedAt < expiresAt && expiresAt - issuedAt <= MAX_ORDER_LIFETIME_MS),
  v.check(({ regions, clientPlaces }) => regions.length > 0 || clientPlaces !== undefined),
  v.check(({ regions, clientPlaces }) => !clientPlaces?.places.some((place) => regions.includes(place))),
) satisfies v.GenericSchema<unknown, Order>

const kind = { ...FORMATS.order, code: 'ORDER_MALFORMED', maxBytes: MAX_PAYLOAD_BYTES } as const

/** What an order is made from. By default it allows what the manifest allows. */
export interface OrderOptions {
  readonly manifest: Manifest
  /** The input exactly as it will be sent: JSON text. */
  readonly input: string
  readonly now: number
  /** @default the manifest's */
  readonly fleet?: string
  /** @default the manifest's */
  readonly regions?: readonly string[]
  /** @default none */
  readonly clientPlaces?: ClientPlaces | undefined
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

/** Makes an order for one mission of a bundle. By default it allows what the manifest allows. */
export function createOrder(options: OrderOptions): Order {
  const { manifest, input, now, clientPlaces, headBytes, lifetimeMs = 3600 * 1000, random = systemRandom } = options
  const {
    fleet = manifest.audience.fleet,
    regions = manifest.audience.regions,
    scopes = manifest.scopes,
    limits = manifest.limits,
  } = options
  return {
    lander: FORMAT_VERSION,
    mission: randomId(random),
    nonce: randomId(random),
    manifest: digestOf(manifestPayload(manifest)),
    input: digestOf(utf8(input)),
    fleet,
    regions,
    ...(clientPlaces && { clientPlaces }),
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
 * @throws RefusedError `ORDER_MALFORMED` for an order that no place would accept
 */
export function signOrder(value: Order, key: SigningKey): EnvelopeJson {
  return envelopeToJson(signEnvelope(ORDER_TYPE, documentPayload(order, value, kind), [key]))
}

/**
 * Reads an order from the bytes that were signed: at most 16 KB, no unknown fields, a lifetime of at most 24 hours.
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
