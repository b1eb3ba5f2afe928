/** A mission: one order carried out in every region that holds its data, and the answers brought together. */

import { type OrderDraft, readManifest, type SignedOrder, signOrderFor } from '../author/sign-order.ts'
import { createRegionPlaces } from '../aws/region-places.ts'
import type { Transport } from '../aws/upload.ts'
import type { Json } from '../encoding/json.ts'
import { UsageError } from '../errors.ts'
import type { FleetClients } from '../fleet/clients.ts'
import { regionsOf } from '../fleet/data-regions.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { MAX_INPUT_BYTES } from '../host/invocation.ts'
import type { RegionResult } from '../relay/region-result.ts'
import { type RelayOptions, relay } from '../relay/relay.ts'
import type { Progress } from '../sandbox/contract/job.ts'
import type { SigningKey } from '../trust/keys.ts'
import { readOrder } from '../trust/order.ts'
import { hasReceiptKeys, withVerified } from './verify-regions.ts'

/** A mission to run: what, where, with what input, and signed by whom. */
export interface MissionOptions {
  readonly fleet: Fleet
  readonly clients: FleetClients
  /** The signed bundle's file. */
  readonly file: Uint8Array
  readonly sender: SigningKey
  /** @default null */
  readonly input?: Json
  /** Tighter than the bundle's own, or where the order may land. @default what the bundle says, where its data lies */
  readonly order?: OrderDraft
  /** @default 'auto' */
  readonly transport?: Transport
  /**
   * Regions of the order in which an agent starts, side by side: all of them, the first, or those that are named. From
   * there it goes elsewhere itself, with `hop` and `at`. @default 'all'
   */
  readonly starts?: 'all' | 'first' | readonly string[]
  /** Called as often as a region says how far it is. */
  readonly onProgress?: (region: string, progress: Progress) => void
  readonly signal?: AbortSignal
  /** How often a landing is tried before its agent is given up, when its place dies or is silent: 1 to 16. @default 4 */
  readonly attempts?: number
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** How each region of a mission ended. */
export interface MissionResult {
  readonly mission: string
  /** In the order of the order's regions. */
  readonly regions: readonly RegionResult[]
  /**
   * Whether every region's result was held against its receipt: the fleet file has the keys for that. What a receipt
   * contradicts is no result but an error, `RECEIPT_MISMATCH`.
   */
  readonly verified: boolean
}

/** Runs a signed bundle where its order says; the failure of an agent in one region does not end those in others. */
export async function runMission(options: MissionOptions): Promise<MissionResult> {
  const { mission, envelope, input, starts } = await signMission(options)
  const places = createRegionPlaces(options)
  const agents = starts.map((region) => runAgent(region, { ...options, places, order: envelope, input }))
  const { fleet } = options
  const regions = withVerified(await Promise.all(agents), { fleet, order: readOrder(envelope) })
  return { mission, regions, verified: hasReceiptKeys(fleet) }
}

/** A mission that is about to begin. */
export interface SignedMission extends SignedOrder {
  /** JSON text. */
  readonly input: string
  /** Where it may go. */
  readonly regions: readonly string[]
  /** Where agents start. */
  readonly starts: readonly string[]
}

/** Finds the regions of a mission and signs its order. */
export async function signMission(options: MissionOptions): Promise<SignedMission> {
  const { fleet, clients, file, sender, order: draft = {}, now = Date.now } = options
  const input = JSON.stringify(options.input ?? null)
  requireSmall(input)
  const manifest = readManifest(file)
  const regions = draft.regions ?? (await regionsOf(draft.scopes ?? manifest.scopes, fleet, clients))
  const order = signOrderFor({ manifest, draft, fleet: fleet.name, regions, input, sender, now: now() })
  return { ...order, input, regions, starts: startsOf(options.starts, regions) }
}

/** A longer input would be refused by every region. @throws UsageError `INPUT_INVALID` */
function requireSmall(input: string): void {
  const bytes = Buffer.byteLength(input)
  if (bytes <= MAX_INPUT_BYTES) return
  throw new UsageError('INPUT_INVALID', `the input has ${bytes} bytes of JSON; it may have ${MAX_INPUT_BYTES}`, {
    remedy: 'put what is large into an object that the agent reads',
  })
}

function startsOf(starts: MissionOptions['starts'] = 'all', regions: readonly string[]): readonly string[] {
  if (starts === 'all') return regions
  return starts === 'first' ? regions.slice(0, 1) : starts
}

async function runAgent(region: string, options: RelayOptions): Promise<RegionResult> {
  const start = performance.now()
  const { nextLanding: _, ...relayed } = await relay(region, options)
  return { region, ...relayed, seconds: (performance.now() - start) / 1000 }
}
