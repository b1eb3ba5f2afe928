import * as v from 'valibot'
import { utf8 } from '../encoding/bytes.ts'
import { canonicalJson } from '../encoding/canonical-json.ts'
import type { Json } from '../encoding/json.ts'
import { parseStrictJson } from '../encoding/strict-json.ts'
import { type RefusalCode, RefusedError } from '../errors.ts'
import { type FormatName, requireDocumentVersion } from '../format-version.ts'
import { type LimitName, type Limits, MAX_LIMITS } from '../limits.ts'
import type { Scope } from '../scope.ts'

/**
 * The parts that all signed documents share: the schemas of their fields, and how their bytes are read. Schemas reject
 * unknown fields, and every list is bounded.
 */

/** The largest payload of a manifest or an order. */
export const MAX_PAYLOAD_BYTES = 16 * 1024

export interface DocumentKind extends FormatName {
  readonly code: RefusalCode
  readonly maxBytes: number
}

/**
 * Reads a document from the bytes that were signed.
 *
 * @throws RefusedError `VERSION_UNSUPPORTED`, or the code of its kind. `cause` has the reason, and is never sent.
 */
export function parseDocument<S extends v.GenericSchema>(schema: S, payload: Uint8Array, kind: DocumentKind) {
  try {
    const value = parseStrictJson(payload, { maxLength: kind.maxBytes })
    requireDocumentVersion(value, kind)
    return v.parse(schema, value, { abortEarly: true })
  } catch (cause) {
    if (cause instanceof RefusedError) throw cause
    throw new RefusedError(kind.code, `${kind.name} is malformed`, { cause })
  }
}

/** The bytes to sign: canonical JSON in UTF-8. Throws for a document that {@link parseDocument} would reject. */
export function documentPayload<S extends v.GenericSchema>(
  schema: S,
  document: object,
  kind: DocumentKind,
): Uint8Array {
  const payload = utf8(canonicalJson(document as Json))
  parseDocument(schema, payload, kind)
  return payload
}

/** A whole number from 0 to `max`. */
export const count = (max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(max))

/** Milliseconds since 1970. */
export const time = count(Number.MAX_SAFE_INTEGER)

/** SHA-256 in base64url. 43 characters encode 258 bits, so the last two bits are zero. */
export const digest = v.pipe(v.string(), v.regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/))

/** 16 bytes in base64url. 22 characters encode 132 bits, so the last four bits are zero. */
export const id = v.pipe(v.string(), v.regex(/^[\w-]{21}[AQgw]$/))

/** A name for display. It contains no control characters and no invisible ones. */
export const label = v.pipe(v.string(), v.regex(/^\P{C}{1,128}$/u))

export const fleetName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.-]{0,63}$/))

export const regionName = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/))

export const areDistinct = (items: readonly string[]) => new Set(items).size === items.length

/** Stands for any fleet or region in a manifest, and also for any bucket in a policy. */
export const ANY = '*'

/** Whether a list of fleets or regions contains `name`. */
export const includesName = (names: readonly string[], name: string): boolean =>
  names.includes(ANY) || names.includes(name)

/** The regions of an order. The list may be empty if the order has client places. */
export const orderRegions = v.pipe(
  v.array(regionName),
  v.maxLength(64),
  v.check((all) => areDistinct(all)),
)

/** The regions of a manifest, or the client places of an order. */
export const regions = v.pipe(
  v.array(regionName),
  v.minLength(1),
  v.maxLength(64),
  v.check((all) => areDistinct(all)),
)

// Buckets created in us-east-1 before 2018 may have up to 255 characters, capitals and underscores.
// A key has up to 1,024 bytes.
const bucketName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.-]{0,254}$/))
const keyPrefix = v.pipe(v.string(), v.maxBytes(1024))
const actions = v.strictTuple([v.literal('read')])

const scope = v.strictObject({ bucket: bucketName, prefix: keyPrefix, actions })
const anyScope = v.strictObject({ bucket: v.literal(ANY), prefix: v.literal(''), actions })

/** The scopes of a manifest or an order. */
export const scopes = v.pipe(v.array(scope), v.maxLength(64)) satisfies v.GenericSchema<unknown, Scope[]>

/** The scopes of a grant, in which `'*'` stands for every bucket. */
export const grantedScopes = v.pipe(v.array(v.union([anyScope, scope])), v.maxLength(64))

const limit = (name: LimitName) => count(MAX_LIMITS[name])

export const limits = v.strictObject({
  wallMs: limit('wallMs'),
  memoryPages: limit('memoryPages'),
  hostCalls: limit('hostCalls'),
  readBytes: limit('readBytes'),
  resultBytes: limit('resultBytes'),
  logBytes: limit('logBytes'),
  errorBytes: limit('errorBytes'),
  stateBytes: limit('stateBytes'),
  hops: limit('hops'),
}) satisfies v.GenericSchema<unknown, Limits>
