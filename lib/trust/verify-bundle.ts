import { includesName } from '../bundle/document.ts'
import { decodeSignedBundle, splitParts } from '../bundle/file.ts'
import { type Entry, MANIFEST_TYPE, type Manifest, parseManifest } from '../bundle/manifest.ts'
import { CLIENT } from '../client-name.ts'
import { inflateExactly } from '../encoding/brotli.ts'
import { fromUtf8, utf8 } from '../encoding/bytes.ts'
import { digestOf } from '../encoding/digest.ts'
import { RefusedError } from '../errors.ts'
import { MAX_SOURCE_BYTES } from '../kernels/language.ts'
import { checkStructure } from '../kernels/structure.ts'
import { tightest } from '../limits.ts'
import { authorise, requireNoWider } from './authorise.ts'
import { decodeEnvelope, parseEnvelope } from './envelope.ts'
import type { KeyGrant } from './key-policy.ts'
import type { Keyring } from './keyring.ts'
import { ORDER_TYPE, type Order, parseOrder } from './order.ts'
import { requireInTime } from './validity.ts'
import type { VerifiedBundle } from './verified-bundle.ts'
import { verifyEnvelope } from './verify.ts'

/** What is to be admitted, and the place that admits it. */
export interface Admission {
  /** The signed bundle's file. */
  readonly file: Uint8Array
  /** The order's envelope: parsed JSON. */
  readonly order: unknown
  /** The mission's input: JSON text, exactly as it was sent. */
  readonly input: string
  /** The keys that this fleet trusts. */
  readonly keyring: Keyring
  /** SHA-256 of the engine's binary here, base64url. */
  readonly engine: string
  /** Version of the contract between guest and host here. */
  readonly abi: number
  readonly fleet: string
  readonly region: string
  /** Whether this is a client place, which belongs to no fleet. @default false */
  readonly isClientPlace?: boolean
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Decides whether a bundle may run here, with this order and this input. The sequence of the checks matters: lengths
 * are bounded before anything is decoded, parsed or inflated, and nothing is parsed before its signature is verified.
 * The caller must still claim the landing in the ledger, so that the same order does not run twice.
 *
 * @returns the only kind of bundle that a sandbox accepts
 * @throws RefusedError with the code of the first check that failed
 */
export function verifyBundle(admission: Admission): VerifiedBundle {
  const { keyring, now } = admission
  const { envelope, body } = decodeSignedBundle(admission.file)
  const signedManifest = verifyEnvelope(decodeEnvelope(envelope, MANIFEST_TYPE), MANIFEST_TYPE, keyring, now)
  const signedOrder = verifyEnvelope(parseEnvelope(admission.order), ORDER_TYPE, keyring, now)
  const manifestDigest = digestOf(signedManifest.payload)
  const order = parseOrder(signedOrder.payload)
  requireNames(order, manifestDigest, admission.input)
  const manifest = parseManifest(signedManifest.payload)

  requireEngine(manifest, admission)
  requireAudience(manifest, order, admission)
  requireInTime('manifest', manifest, now)
  requireInTime('order', order, now)
  requireNoWider(order, manifest)
  const authors = signedManifest.signers
  const sender = onlySigner(signedOrder.signers)
  authorise({ manifest, manifestDigest, order, authors, sender }, keyring)

  const parts = inflateParts(body, manifest.entries)
  const main = mainModule(parts, manifest.entries)
  requireKernels(parts, manifest.entries)
  const limits = tightest(manifest.limits, order.limits)
  const signers = { authors, sender, policy: keyring.version }
  const admitted = { manifest, manifestDigest, order, main, parts, ...signers, scopes: order.scopes, limits }
  return Object.freeze(admitted) as VerifiedBundle
}

function requireNames(order: Order, manifestDigest: string, input: string): void {
  if (order.manifest !== manifestDigest) throw new RefusedError('ORDER_MISMATCH', 'the order is for another bundle')
  if (order.input !== inputDigest(input)) throw new RefusedError('ORDER_MISMATCH', 'the order is for another input')
}

function inputDigest(input: string): string | undefined {
  try {
    return digestOf(utf8(input))
  } catch {
    return undefined
  }
}

function requireEngine(manifest: Manifest, { engine, abi }: Admission): void {
  if (manifest.engine !== engine || manifest.abi !== abi)
    throw new RefusedError('ENGINE_MISMATCH', 'the bundle is for another engine', {
      remedy: 'pack and sign it again with lander pack',
    })
}

/** Compares the fleet of the keyring too: a policy only counts in the fleet that published it. */
function requireAudience({ audience }: Manifest, order: Order, admission: Admission): void {
  const { keyring, fleet, region, isClientPlace = false } = admission
  if (!includesName([audience.fleet], fleet) || order.fleet !== fleet || keyring.fleet !== fleet)
    throw new RefusedError('WRONG_FLEET', 'the bundle is for another fleet')
  // The place's own setting decides. An order that lists a region as a client place gains nothing by it.
  const named = isClientPlace ? (order.clientPlaces?.places ?? []) : order.regions
  if ((region !== CLIENT && !isClientPlace && !includesName(audience.regions, region)) || !named.includes(region))
    throw new RefusedError('WRONG_REGION', `the bundle is not for region ${region}`)
}

/** With two senders it would be unclear whose policy and limits apply. */
function onlySigner([sender, ...others]: readonly KeyGrant[]): KeyGrant {
  if (!sender || others.length > 0) throw new RefusedError('ENVELOPE_MALFORMED', 'an order has exactly one signature')
  return sender
}

function inflateParts(body: Uint8Array, entries: readonly Entry[]): ReadonlyMap<string, Uint8Array> {
  const stored = splitParts(body, entries)
  return new Map(entries.map((entry) => [entry.name, inflatePart(stored.get(entry.name)!, entry)]))
}

function inflatePart(stored: Uint8Array, { bytes, sha256 }: Entry): Uint8Array {
  if (digestOf(stored) !== sha256) throw new RefusedError('DIGEST_MISMATCH', 'a part of the bundle has another digest')
  try {
    return inflateExactly(stored, bytes)
  } catch (cause) {
    throw new RefusedError('BUNDLE_MALFORMED', 'a part of the bundle does not inflate to its length', { cause })
  }
}

/** Checks kernels before anything compiles them: the structure of binaries, and size and encoding of sources. */
function requireKernels(parts: ReadonlyMap<string, Uint8Array>, entries: readonly Entry[]): void {
  for (const { name, role } of entries) {
    if (role === 'main') continue
    const part = parts.get(name)!
    try {
      if (role === 'kernel-wasm') checkStructure(part)
      else if (part.length > MAX_SOURCE_BYTES) throw new RangeError(`${part.length} bytes of source`)
      else fromUtf8(part)
    } catch (cause) {
      throw new RefusedError('KERNEL_MALFORMED', `kernel ${name} is not one that a place accepts`, { cause })
    }
  }
}

function mainModule(parts: ReadonlyMap<string, Uint8Array>, entries: readonly Entry[]): string {
  const { name } = entries.find(({ role }) => role === 'main')!
  try {
    return fromUtf8(parts.get(name)!)
  } catch (cause) {
    throw new RefusedError('BUNDLE_MALFORMED', 'the main part of the bundle is not UTF-8', { cause })
  }
}
