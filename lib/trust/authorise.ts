import { ANY, includesName } from '../bundle/document.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { CLIENT } from '../client-name.ts'
import { RefusedError } from '../errors.ts'
import type { LimitName, Limits } from '../limits.ts'
import { prefixHolds, type Scope, scopesWithin } from '../scope.ts'
import type { KeyGrant } from './key-policy.ts'
import type { Keyring } from './keyring.ts'
import type { Order } from './order.ts'
import type { VerifiedBundle } from './verified-bundle.ts'

/** A mission that asks to be admitted. All signatures have been verified. */
export interface Request {
  readonly manifest: Manifest
  readonly manifestDigest: string
  readonly order: Order
  readonly authors: readonly KeyGrant[]
  readonly sender: KeyGrant
}

/**
 * Checks that the key policy allows each signer what it signed. A request beyond the policy is refused, never narrowed:
 * a mission that silently read less data would return a wrong result. The message names what was exceeded, since the
 * keys are authenticated.
 *
 * @throws RefusedError `SIGNATURE_MISSING` for fewer authors than the threshold, `POLICY_DENIED` for everything else
 */
export function authorise({ manifest, manifestDigest, order, authors, sender }: Request, keyring: Keyring): void {
  if (keyring.denied.has(manifestDigest)) throw denied('this bundle')
  if (authors.length < keyring.threshold)
    throw new RefusedError('SIGNATURE_MISSING', `the bundle has ${authors.length} of ${keyring.threshold} signatures`)
  for (const author of authors) {
    requireRole(author, 'author')
    requireWithin(author, { ...manifest, ...narrowed(manifest, order) })
  }
  requireRole(sender, 'sender')
  requireWithin(sender, { ...order, compiles: manifest.compiles })
}

/**
 * Checks that an order allows no more than its manifest. The fleets of both have been compared before.
 *
 * @throws RefusedError `ORDER_MISMATCH`
 */
export function requireNoWider(order: Order, { audience, scopes, limits }: Manifest): void {
  if (!order.regions.every((region) => region === CLIENT || includesName(audience.regions, region)))
    throw wider('regions')
  if (!scopesWithin(order.scopes, scopes)) throw wider('scopes')
  const exceeded = exceededLimit(order.limits, limits)
  if (exceeded) throw wider(exceeded)
}

/**
 * Whether the agent's state may leave a region for a client place. The manifest must allow it, and so must the policy
 * of every key that signed the manifest or the order. Absent means denied.
 */
export function mayExportState(bundle: Pick<VerifiedBundle, 'manifest' | 'order' | 'authors' | 'sender'>): boolean {
  const { manifest, order, authors, sender } = bundle
  const allowed = [manifest, ...authors, sender].every(({ exportState = false }) => exportState)
  return order.clientPlaces !== undefined && allowed
}

interface RequestedRights {
  readonly fleet: string
  readonly regions: readonly string[]
  readonly scopes: readonly Scope[]
  readonly limits: Limits
  readonly compiles: boolean
}

function requireRole({ name, roles }: KeyGrant, role: 'author' | 'sender'): void {
  if (!roles.includes(role)) throw denied(`the role ${role}`, name)
}

function requireWithin(grant: KeyGrant, requested: RequestedRights): void {
  if (!includesName(grant.fleets, requested.fleet)) throw denied(`fleet ${requested.fleet}`, grant.name)
  for (const region of requested.regions)
    if (region !== CLIENT && !includesName(grant.regions, region)) throw denied(`region ${region}`, grant.name)
  for (const scope of requested.scopes)
    if (!grant.scopes.some((granted) => holds(granted, scope)))
      throw denied(`s3://${scope.bucket}/${scope.prefix}`, grant.name)
  const exceeded = exceededLimit(requested.limits, grant.limits)
  if (exceeded)
    throw denied(`${exceeded} of ${requested.limits[exceeded]}, above ${grant.limits[exceeded]}`, grant.name)
  if (requested.compiles && !grant.compiles) throw denied('compiling at run time', grant.name)
}

/** The audience of the manifest. Where it names any fleet or region, the order's are checked instead. */
function narrowed({ audience }: Manifest, order: Order): Pick<RequestedRights, 'fleet' | 'regions'> {
  return {
    fleet: audience.fleet === ANY ? order.fleet : audience.fleet,
    regions: audience.regions.includes(ANY) ? order.regions : audience.regions,
  }
}

function holds(granted: Scope, { bucket, prefix }: Scope): boolean {
  return (granted.bucket === ANY || granted.bucket === bucket) && prefixHolds(granted.prefix, prefix)
}

function exceededLimit(requested: Limits, granted: Limits): LimitName | undefined {
  return (Object.keys(granted) as LimitName[]).find((name) => requested[name] > granted[name])
}

function denied(what: string, key?: string): RefusedError {
  const by = key === undefined ? 'the key policy' : `the policy of key "${key}"`
  return new RefusedError('POLICY_DENIED', `${by} does not allow ${what}`)
}

function wider(what: string): RefusedError {
  return new RefusedError('ORDER_MISMATCH', `the order is wider than the bundle's manifest: ${what}`)
}
