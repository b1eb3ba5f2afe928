/** A mission: one order carried out in every region that holds its data, and the answers brought together. */
import type { Json } from '../encoding/json.ts'
import { toWireError, UnreachableError, type WireError } from '../errors.ts'
import type { Settlement } from '../host/protocol.ts'
import { locateBucket } from '../objects/s3-residence.ts'
import type { Progress } from '../sandbox/job.ts'
import type { Scope } from '../scope.ts'
import type { EnvelopeJson } from '../trust/envelope.ts'
import type { SigningKey } from '../trust/keys.ts'
import type { FleetClients } from './clients.ts'
import type { Fleet, FleetRegion } from './fleet.ts'
import { land } from './landing.ts'
import { type OrderDraft, readStatement, signOrderFor } from './orders.ts'
import { deliver, type Transport } from './upload.ts'

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
  readonly onProgress?: (region: string, progress: Progress) => void
  readonly signal?: AbortSignal
  readonly now?: () => number
}

/** What one region answered: a settlement, or the error that kept it from one. */
export interface RegionResult {
  readonly region: string
  readonly settlement?: Settlement
  readonly error?: WireError
  /** Bytes of bundle, order, input and answer that crossed the link. */
  readonly bytesMoved: number
  /** From the first byte sent to the last received. */
  readonly seconds: number
}

export interface MissionResult {
  readonly mission: string
  /** In the order of the order's regions. */
  readonly regions: readonly RegionResult[]
}

/** Runs a signed bundle in every region of its order, side by side; one region's failure does not end the others. */
export async function runMission(options: MissionOptions): Promise<MissionResult> {
  const { fleet, clients, file, sender, order: draft = {}, input = null, now = Date.now } = options
  const text = JSON.stringify(input)
  const statement = readStatement(file)
  const regions = draft.regions ?? (await regionsOf(draft.scopes ?? statement.scopes, fleet, clients))
  const { mission, envelope } = signOrderFor({
    statement,
    draft,
    fleet: fleet.name,
    regions,
    input: text,
    sender,
    now: now(),
  })
  const landings = regions.map((region) => landIn(region, envelope, text, options))
  return { mission, regions: await Promise.all(landings) }
}

async function landIn(
  region: string,
  order: EnvelopeJson,
  input: string,
  options: MissionOptions,
): Promise<RegionResult> {
  const { fleet, clients, file, transport = 'auto', onProgress, signal } = options
  const start = performance.now()
  const took = () => (performance.now() - start) / 1000
  let uploaded = 0
  try {
    const place = placeOf(region, fleet)
    const { bundle, bytesMoved } = await deliver(file, { s3: clients.s3(region), place, transport })
    uploaded = bytesMoved
    const landing = await land({
      lambda: clients.lambda(region),
      place,
      invocation: { lander: 1, bundle, order, input, stream: true },
      onProgress: onProgress && ((progress) => onProgress(region, progress)),
      signal,
    })
    return { region, ...landing.reply, bytesMoved: uploaded + landing.bytesMoved, seconds: took() }
  } catch (error) {
    return { region, error: toWireError(error), bytesMoved: uploaded, seconds: took() }
  }
}

/** The deployed place of a region. @throws UnreachableError `FUNCTION_NOT_FOUND` */
export function placeOf(region: string, fleet: Fleet): FleetRegion {
  const place = fleet.regions.find((candidate) => candidate.region === region)
  if (place !== undefined) return place
  const deployed = fleet.regions.map((candidate) => candidate.region).join(', ')
  throw new UnreachableError(
    'FUNCTION_NOT_FOUND',
    `fleet "${fleet.name}" has no function in ${region}, only in ${deployed}`,
    {
      remedy: `add ${region} to lander.config.json and deploy it`,
    },
  )
}

/** The regions in which the scopes' buckets lie, each once, in the order of the scopes. */
export async function regionsOf(scopes: readonly Scope[], fleet: Fleet, clients: FleetClients): Promise<string[]> {
  const asked = clients.s3(fleet.regions[0]!.region)
  const homes = await Promise.all(scopes.map(({ bucket }) => locateBucket(asked, bucket)))
  return [...new Set(homes)]
}
