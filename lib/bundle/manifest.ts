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
 * One file of a bundle. `main` is the agent's module. The others are kernels: a binary `NAME.wasm`, a source `NAME.c`
 * or `NAME.as.ts`, or both.
 */
export interface Entry {
  readonly name: string
  readonly role: 'main' | 'kernel-wasm' | 'kernel-source'
  /** The exact size after inflation, in bytes. */
  readonly bytes: number
  /** The compressed size in the file, in bytes. */
  readonly stored: number
  /** SHA-256 of the compressed bytes, base64url. */
  readonly sha256: string
}

/** What the author signs, once for each bundle. */
export interface Manifest {
  readonly lander: typeof FORMAT_VERSION
  /** The name for display: that of the source file, without folders. */
  readonly name: string
  /** SHA-256 of the engine's binary, base64url. */
  readonly engine: string
  /** The version of the contract between guest and host. */
  readonly abi: number
  readonly entries: readonly Entry[]
  readonly scopes: readonly Scope[]
  readonly limits: Limits
  /** Whether the agent may compile new code at run time. */
  readonly compiles: boolean
  /**
   * Whether the agent's state, which may contain data that it has read, may leave a region for client places.
   * @default false: only results and answers leave
   */
  readonly exportState?: boolean | undefined
  /** Where the bundle may run. `'*'` stands for any fleet and `['*']` for any region: the policies then decide. */
  readonly audience: { readonly fleet: string; readonly regions: readonly string[] }
  /** In milliseconds since 1970, like all times. */
  readonly issuedAt: number
  readonly notBefore: number
  readonly expiresAt: number
}

/** The version of the contract between guest and host. Raise it when an agent's module could no longer run. */
export const ABI_VERSION = 2

/** The largest file of a bundle, and the largest total of its compressed entries. */
export const MAX_BUNDLE_BYTES = 8 * 1024 * 1024

/** The largest total of all entries after inflation. */
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

/** The name of an entry's kernel, which its source and its binary share. */
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
 * Reads a manifest from the bytes that were signed: at most 16 KB, no unknown fields, one entry with the role `main`.
 *
 * @throws RefusedError `MANIFEST_MALFORMED`
 */
export function parseManifest(payload: Uint8Array): Manifest {
  return parseDocument(manifest, payload, kind)
}

/**
 * The bytes of a manifest to sign. Their digest is the bundle's identity.
 *
 * @throws RefusedError `MANIFEST_MALFORMED` for a manifest that no place would accept
 */
export function manifestPayload(value: Manifest): Uint8Array {
  return documentPayload(manifest, value, kind)
}

function sum(all: readonly Entry[], field: 'bytes' | 'stored'): number {
  return all.reduce((total, each) => total + each[field], 0)
}
