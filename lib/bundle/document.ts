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
 * What the signed documents (manifest, order, key policy) have in common: their fields, and how their bytes are read.
 * Every schema is closed and every list is bounded, so a document means nothing beyond what its type says.
 */

/** Manifests and orders. */
export const MAX_PAYLOAD_BYTES = 16 * 1024

export interface DocumentKind extends FormatName {
  readonly code: RefusalCode
  readonly maxBytes: number
}

/**
 * Reads a document from the very bytes that were signed.
 *
 * @throws RefusedError `VERSION_UNSUPPORTED`, or the code of its kind. The reason is in `cause`, which does not travel.
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

/** The bytes to sign: canonical JSON in UTF-8. What could not be read again is not written. */
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

/** SHA-256 in base64url. 43 characters hold 258 bits, so the last one ends in two zero bits. */
export const digest = v.pipe(v.string(), v.regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/))

/** 16 bytes in base64url. 22 characters hold 132 bits, so the last one ends in four zero bits. */
export const id = v.pipe(v.string(), v.regex(/^[\w-]{21}[AQgw]$/))

/** A name for people: no control characters, nor others without a shape. */
export const label = v.pipe(v.string(), v.regex(/^\P{C}{1,128}$/u))

export const fleetName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.-]{0,63}$/))

export const regionName = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/))

export const areDistinct = (items: readonly string[]) => new Set(items).size === items.length

/** Stands for any fleet or region in a manifest, and for any fleet, region or bucket in a policy. */
export const ANY = '*'

/** Whether a list of fleets or regions holds `name`. */
export const includesName = (names: readonly string[], name: string): boolean =>
  names.includes(ANY) || names.includes(name)

/** Where a mission may run: in no region at all when it has places of the sender's own. */
export const orderRegions = v.pipe(
  v.array(regionName),
  v.maxLength(64),
  v.check((all) => areDistinct(all)),
)

/** Where a bundle may run, or which places a sender has. */
export const regions = v.pipe(
  v.array(regionName),
  v.minLength(1),
  v.maxLength(64),
  v.check((all) => areDistinct(all)),
)

// Buckets of us-east-1 from before 2018 have up to 255 characters, capitals and underscores; a key has up to 1,024 bytes.
const bucketName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.-]{0,254}$/))
const keyPrefix = v.pipe(v.string(), v.maxBytes(1024))
const actions = v.strictTuple([v.literal('read')])

const scope = v.strictObject({ bucket: bucketName, prefix: keyPrefix, actions })
const anyScope = v.strictObject({ bucket: v.literal(ANY), prefix: v.literal(''), actions })

/** What a manifest asks for, or an order. */
export const scopes = v.pipe(v.array(scope), v.maxLength(64)) satisfies v.GenericSchema<unknown, Scope[]>

/** What a key's policy grants: scopes, or `'*'` for every bucket. */
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
