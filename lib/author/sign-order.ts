import { decodeSignedBundle } from '../bundle/file.ts'
import { MANIFEST_TYPE, type Manifest, parseManifest } from '../bundle/manifest.ts'
import { RefusedError, UsageError } from '../errors.ts'
import type { LimitName, Limits } from '../limits.ts'
import type { Scope } from '../scope.ts'
import { decodeEnvelope, type EnvelopeJson } from '../trust/envelope.ts'
import type { SigningKey } from '../trust/keys.ts'
import { type ClientPlaces, createOrder, signOrder } from '../trust/order.ts'

/** What a sender may set for one mission; the rest is as the bundle's manifest says. */
export interface OrderDraft {
  /** Where it runs. @default where its data lies */
  readonly regions?: readonly string[]
  /** What it may read, inside the manifest's scopes. @default all of them */
  readonly scopes?: readonly Scope[]
  /** Ceilings below the manifest's. @default the manifest's */
  readonly limits?: Partial<Limits>
  /** A trial: of each object only the head of so many bytes is there. @default whole objects */
  readonly headBytes?: number
  /** How long it may take until its last landing, up to 24 hours. @default 1 hour */
  readonly lifetimeMs?: number
}

export interface SignedOrder {
  readonly mission: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly envelope: EnvelopeJson
}

/**
 * Reads what a bundle's author signed, without checking the signature: enough for its sender to write an order. The
 * places it goes to check everything.
 *
 * @throws RefusedError for a file that is no signed bundle
 */
export function readManifest(file: Uint8Array): Manifest {
  const { envelope } = decodeSignedBundle(file)
  return parseManifest(decodeEnvelope(envelope, MANIFEST_TYPE).payload)
}

export interface OrderRequest {
  readonly manifest: Manifest
  readonly draft?: OrderDraft
  readonly fleet: string
  readonly regions: readonly string[]
  /** Places of the sender's own. @default none */
  readonly clientPlaces?: ClientPlaces
  /** JSON text, as it will be sent. */
  readonly input: string
  readonly sender: SigningKey
  readonly now: number
}

/**
 * Writes and signs the order for one mission.
 *
 * @throws RefusedError `EXPIRED`: nobody would take the bundle any more
 * @throws UsageError `USAGE` for a limit above the manifest's, which would be refused
 */
export function signOrderFor({
  manifest,
  draft = {},
  fleet,
  regions,
  clientPlaces,
  input,
  sender,
  now,
}: OrderRequest): SignedOrder {
  requireFresh(manifest, now)
  const limits = { ...manifest.limits, ...draft.limits }
  requireWithin(limits, manifest.limits)
  const order = createOrder({
    manifest,
    input,
    now,
    fleet,
    regions,
    clientPlaces,
    scopes: draft.scopes ?? manifest.scopes,
    headBytes: draft.headBytes,
    ...(draft.lifetimeMs !== undefined && { lifetimeMs: draft.lifetimeMs }),
    limits,
  })
  return { mission: order.mission, expiresAt: order.expiresAt, envelope: signOrder(order, sender) }
}

function requireFresh({ expiresAt }: Manifest, now: number): void {
  if (now < expiresAt) return
  throw new RefusedError('EXPIRED', `the bundle expired at ${new Date(expiresAt).toISOString()}`, {
    remedy: 'pack and sign it again',
  })
}

function requireWithin(wished: Limits, signed: Limits): void {
  const name = (Object.keys(signed) as LimitName[]).find((limit) => wished[limit] > signed[limit])
  if (name === undefined) return
  throw new UsageError(
    'USAGE',
    `${name} of ${wished[name]} is above the ${signed[name]} that the bundle's author signed`,
    {
      remedy: `ask for ${signed[name]} at most, or pack the bundle again with --limit ${name}=${wished[name]}`,
    },
  )
}
