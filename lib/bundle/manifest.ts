import * as v from 'valibot'
import { FORMAT_VERSION, FORMATS, mediaType } from '../format-version.ts'
import type { Limits } from '../limits.ts'
import type { Scope } from '../scope.ts'
import {
  ANY,
  areDistinct,
  count,
  digest,
  documentPayload,
  fleetName,
  label,
  limits,
  MAX_PAYLOAD_BYTES,
  parseDocument,
  regions,
  scopes,
  time,
} from './document.ts'

/** The payload type an envelope binds to a manifest. */
export const MANIFEST_TYPE = mediaType('manifest')

/**
 * One part of a bundle. `main` is the agent's module, the others are hot code: a kernel's binary `NAME.wasm`, its source
 * `NAME.c` or `NAME.as.ts`, or both.
 */
export interface Entry {
  readonly name: string
  readonly role: 'main' | 'kernel-wasm' | 'kernel-source'
  /** Bytes after inflation, exactly. */
  readonly bytes: number
  /** Bytes as stored in the file. */
  readonly stored: number
  /** SHA-256 of the stored bytes, base64url. */
  readonly sha256: string
}

/** What the author signs, once per bundle. */
export interface Manifest {
  readonly lander: typeof FORMAT_VERSION
  /** Name for people: the source file's, without folders. */
  readonly name: string
  /** SHA-256 of the engine's binary, base64url. */
  readonly engine: string
  /** Version of the contract between guest and host. */
  readonly abi: number
  readonly entries: readonly Entry[]
  readonly scopes: readonly Scope[]
  readonly limits: Limits
  /** Whether the agent may compile new code while it runs. */
  readonly compiles: boolean
  /**
   * Whether the agent's state, and with it some of what it has read, may leave a region for the sender's own places.
   * @default false: only results and answers come home
   */
  readonly exportState?: boolean | undefined
  /** `'*'` leaves it to the policies of the fleets it comes to; so does `['*']` for regions. */
  readonly audience: { readonly fleet: string; readonly regions: readonly string[] }
  /** Milliseconds since 1970, as are all times. */
  readonly issuedAt: number
  readonly notBefore: number
  readonly expiresAt: number
}

/** Version of the contract between guest and host that this code speaks. */
export const ABI_VERSION = 2

/** All stored parts of a bundle, and its file. */
export const MAX_BUNDLE_BYTES = 8 * 1024 * 1024

/** All parts of a bundle after inflation. */
export const MAX_INFLATED_BYTES = 32 * 1024 * 1024

const entry = v.strictObject({
  name: label,
  role: v.picklist(['main', 'kernel-wasm', 'kernel-source']),
  bytes: count(MAX_INFLATED_BYTES),
  stored: count(MAX_BUNDLE_BYTES),
  sha256: digest,
})

const entries = v.pipe(
  v.array(entry),
  v.maxLength(64),
  v.check((all) => areDistinct(all.map(({ name }) => name))),
  v.check((all) => all.filter(({ role }) => role === 'main').length === 1),
  v.check((all) => all.every(isNamedForItsRole)),
  v.check((all) => areDistinct(all.filter(({ role }) => role === 'kernel-source').map(({ name }) => kernelOf(name)))),
  v.check((all) => sum(all, 'stored') <= MAX_BUNDLE_BYTES && sum(all, 'bytes') <= MAX_INFLATED_BYTES),
)

const KERNEL_NAMES = {
  'kernel-wasm': /^[A-Za-z_$][\w$-]{0,63}\.wasm$/,
  'kernel-source': /^[A-Za-z_$][\w$-]{0,63}\.(c|as\.ts)$/,
} as const

function isNamedForItsRole({ name, role }: Entry): boolean {
  return role === 'main' || KERNEL_NAMES[role].test(name)
}

/** The kernel that an entry is of: source and binary of one share it. */
export function kernelOf(entryName: string): string {
  return entryName.slice(0, entryName.indexOf('.'))
}

const manifest = v.pipe(
  v.strictObject({
    lander: v.literal(FORMAT_VERSION),
    name: label,
    engine: digest,
    abi: count(65_535),
    entries,
    scopes,
    limits,
    compiles: v.boolean(),
    exportState: v.optional(v.boolean()),
    audience: v.strictObject({
      fleet: v.union([v.literal(ANY), fleetName]),
      regions: v.union([v.strictTuple([v.literal(ANY)]), regions]),
    }),
    issuedAt: time,
    notBefore: time,
    expiresAt: time,
  }),
  v.check(({ issuedAt, notBefore, expiresAt }) => Math.max(issuedAt, notBefore) < expiresAt),
) satisfies v.GenericSchema<unknown, Manifest>

const kind = { ...FORMATS.manifest, code: 'MANIFEST_MALFORMED', maxBytes: MAX_PAYLOAD_BYTES } as const

/**
 * Reads a manifest from the bytes that were signed: at most 16 KB, a closed schema, one entry with the role `main`.
 *
 * @throws RefusedError `MANIFEST_MALFORMED`
 */
export function parseManifest(payload: Uint8Array): Manifest {
  return parseDocument(manifest, payload, kind)
}

/**
 * The bytes of a manifest that are signed; their digest is the bundle's identity.
 *
 * @throws RefusedError `MANIFEST_MALFORMED` for a manifest nobody would accept.
 */
export function manifestPayload(value: Manifest): Uint8Array {
  return documentPayload(manifest, value, kind)
}

function sum(all: readonly Entry[], field: 'bytes' | 'stored'): number {
  return all.reduce((total, each) => total + each[field], 0)
}
