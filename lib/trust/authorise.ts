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

/** What is asked for, and by whom. Signatures hold. */
export interface Request {
  readonly manifest: Manifest
  readonly manifestDigest: string
  readonly order: Order
  readonly authors: readonly KeyGrant[]
  readonly sender: KeyGrant
}

/**
 * Whether the keys' policies allow what they signed. What is above a policy is refused, never trimmed: a mission that
 * silently read less would give a wrong answer. The message names what was exceeded, since the keys are known by now.
 *
 * @throws RefusedError `SIGNATURE_MISSING` below the threshold, `POLICY_DENIED` for everything else.
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
 * Whether an order stays inside its manifest. That both are for one fleet is known by now.
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
 * Whether the agent's state may leave a region for the sender's own places: the manifest must say so, and the policy of
 * every key that signed manifest or order. Absent means denied.
 */
export function mayExportState(bundle: Pick<VerifiedBundle, 'manifest' | 'order' | 'authors' | 'sender'>): boolean {
  const { manifest, order, authors, sender } = bundle
  const allowed = [manifest, ...authors, sender].every(({ exportState = false }) => exportState)
  return order.clientPlaces !== undefined && allowed
}

interface Wish {
  readonly fleet: string
  readonly regions: readonly string[]
  readonly scopes: readonly Scope[]
  readonly limits: Limits
  readonly compiles: boolean
}

function requireRole({ name, roles }: KeyGrant, role: 'author' | 'sender'): void {
  if (!roles.includes(role)) throw denied(`the role ${role}`, name)
}

function requireWithin(grant: KeyGrant, wish: Wish): void {
  if (!includesName(grant.fleets, wish.fleet)) throw denied(`fleet ${wish.fleet}`, grant.name)
  for (const region of wish.regions)
    if (region !== CLIENT && !includesName(grant.regions, region)) throw denied(`region ${region}`, grant.name)
  for (const scope of wish.scopes)
    if (!grant.scopes.some((granted) => holds(granted, scope)))
      throw denied(`s3://${scope.bucket}/${scope.prefix}`, grant.name)
  const exceeded = exceededLimit(wish.limits, grant.limits)
  if (exceeded) throw denied(`${exceeded} of ${wish.limits[exceeded]}, above ${grant.limits[exceeded]}`, grant.name)
  if (wish.compiles && !grant.compiles) throw denied('compiling at run time', grant.name)
}

/** A manifest for any fleet or region means, for this mission, those of its order. */
function narrowed({ audience }: Manifest, order: Order): Pick<Wish, 'fleet' | 'regions'> {
  return {
    fleet: audience.fleet === ANY ? order.fleet : audience.fleet,
    regions: audience.regions.includes(ANY) ? order.regions : audience.regions,
  }
}

function holds(granted: Scope, { bucket, prefix }: Scope): boolean {
  return (granted.bucket === ANY || granted.bucket === bucket) && prefixHolds(granted.prefix, prefix)
}

function exceededLimit(wished: Limits, granted: Limits): LimitName | undefined {
  return (Object.keys(granted) as LimitName[]).find((name) => wished[name] > granted[name])
}

function denied(what: string, key?: string): RefusedError {
  const by = key === undefined ? 'the key policy' : `the policy of key "${key}"`
  return new RefusedError('POLICY_DENIED', `${by} does not allow ${what}`)
}

function wider(what: string): RefusedError {
  return new RefusedError('ORDER_MISMATCH', `the order is wider than the bundle's manifest: ${what}`)
}
