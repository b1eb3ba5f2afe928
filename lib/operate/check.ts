/** Checks that a deployed fleet matches its fleet file, and that its regions match each other. */

import { type ProbedRegion, probeRegion } from '../aws/probe-region.ts'
import {
  type LanderError,
  ObjectError,
  RefusedError,
  toWireError,
  UnreachableError,
  type WireError,
} from '../errors.ts'
import type { FleetClients } from '../fleet/clients.ts'
import { explainSkew } from '../fleet/clock-skew.ts'
import type { Fleet, FleetRegion } from '../fleet/fleet-file.ts'
import { locateBucket } from '../fleet/locate-bucket.ts'
import { mergeReceiptKeys, type PublicReceiptKey } from '../fleet/receipt-keys.ts'
import type { Probe } from '../host/probe.ts'
import { publishedVersion } from './publish-policy.ts'

/** A data bucket and the region that the configuration gives for it. */
export interface ExpectedBucket {
  readonly bucket: string
  readonly region: string
}

/** Options of {@link checkFleet}. */
export interface CheckOptions {
  readonly fleet: Fleet
  readonly clients: FleetClients
  /** The SHA-256 of the engine for which this version of Lander packs agents, in base64url. */
  readonly engine: string
  /** The data buckets of the configuration. @default none */
  readonly data?: readonly ExpectedBucket[]
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** The result for one region. */
export interface RegionReport {
  readonly region: string
  readonly probe?: Probe
  readonly skewMs?: number
  readonly problems: readonly WireError[]
}

export interface BucketReport extends ExpectedBucket {
  readonly problem?: WireError
}

/** The result for a fleet. */
export interface FleetReport {
  /** Whether there are no problems. */
  readonly sound: boolean
  readonly regions: readonly RegionReport[]
  readonly buckets: readonly BucketReport[]
  /** The receipt keys of the fleet file and those of new epochs. */
  readonly receiptKeys: readonly PublicReceiptKey[]
}

/** Probes every region and locates every data bucket, in parallel. A failure is a problem in the result, not an error. */
export async function checkFleet(options: CheckOptions): Promise<FleetReport> {
  const { fleet, clients, engine, data = [], now = Date.now } = options
  const [answers, published, buckets] = await Promise.all([
    Promise.all(fleet.regions.map((place) => ask(place, clients, now))),
    newestPublished(fleet, clients),
    Promise.all(data.map((bucket) => checkBucket(bucket, fleet, clients))),
  ])
  const probes = answers.flatMap(({ answer }) => (answer === undefined ? [] : [answer.probe]))
  const newest = Math.max(published, ...probes.map(({ policy }) => policy ?? 0))
  const regions = answers.map(({ place, answer, problem }): RegionReport => {
    if (answer === undefined) return { region: place.region, problems: [problem] }
    const { probe, skewMs } = answer
    const faults = [
      ...checkIdentity(answer, place, fleet, engine),
      ...compareReceiptKeys(probe, probes, fleet.receiptKeys),
      ...checkFreshness(probe, newest, fleet.receiptKeys),
    ]
    return { region: place.region, probe, skewMs, problems: [...probe.problems, ...faults.map(toWireError)] }
  })
  const sound = regions.every(({ problems }) => problems.length === 0) && !buckets.some(({ problem }) => problem)
  const found = probes.flatMap(({ receiptKeys }) => receiptKeys)
  return { sound, regions, buckets, receiptKeys: mergeReceiptKeys(found, fleet.receiptKeys) }
}

type Asked = { readonly place: FleetRegion } & (
  | { readonly answer: ProbedRegion; readonly problem?: never }
  | { readonly answer?: never; readonly problem: WireError }
)

async function ask(place: FleetRegion, clients: FleetClients, now: () => number): Promise<Asked> {
  try {
    return { place, answer: await probeRegion(place, clients.lambda(place.region), now) }
  } catch (error) {
    return { place, problem: toWireError(error) }
  }
}

/** Checks one region by itself: its fleet, its region, its engine and its clock. */
function checkIdentity(
  { probe, skewMs, roundTripMs }: ProbedRegion,
  { region, functionName }: FleetRegion,
  fleet: Fleet,
  engine: string,
): LanderError[] {
  const faults: (LanderError | undefined)[] = [
    explainSkew(Math.sign(skewMs) * Math.max(0, Math.abs(skewMs) - roundTripMs / 2), region),
  ]
  if (probe.fleet !== fleet.name || probe.region !== region) {
    const fact = `${functionName} in ${region} belongs to fleet "${probe.fleet}" in ${probe.region}`
    faults.push(new RefusedError('WRONG_FLEET', fact, { remedy: 'import the fleet again: lander fleet import' }))
  }
  if (probe.engine !== engine) {
    const fact = `${region} runs another engine (Lander ${probe.version}) and refuses agents that this version packs`
    faults.push(new RefusedError('ENGINE_MISMATCH', fact, { remedy: 'deploy this version, or pack with that version' }))
  }
  return faults.filter((fault) => fault !== undefined)
}

/** Compares the receipt keys of a region with those of the other regions and of the fleet file. */
function compareReceiptKeys(probe: Probe, all: readonly Probe[], known: readonly PublicReceiptKey[]): LanderError[] {
  const faults: LanderError[] = []
  const keys = new Map([...all.flatMap(({ receiptKeys }) => receiptKeys), ...known].map((key) => [key.epoch, key]))
  for (const { epoch, publicKey } of probe.receiptKeys) {
    if (keys.get(epoch)?.publicKey === publicKey) continue
    const fact = `${probe.region} signs receipts of epoch ${epoch} with another key than the rest of the fleet`
    const remedy =
      'its secret differs: check the replica of the secret; if a new secret was created, import the fleet again'
    faults.push(new UnreachableError('REGIONS_DIFFER', fact, { remedy }))
  }
  return faults
}

/** Checks that a region uses the newest policy and epoch. Functions cache a policy for 30 s and an epoch for 5 min. */
function checkFreshness(probe: Probe, published: number, known: readonly PublicReceiptKey[]): LanderError[] {
  const { region, policy, receiptKeys } = probe
  const faults: LanderError[] = []
  if (policy !== null && policy < published) {
    const fact = `${region} still uses version ${policy} of the key policy; version ${published} is published`
    const remedy = 'wait 30 seconds and check again; if nothing changed, publish again: lander trust publish'
    faults.push(new UnreachableError('REGIONS_DIFFER', fact, { remedy }))
  }
  const [used, newest] = [newestEpoch(receiptKeys), newestEpoch(known)]
  if (used > 0 && used < newest) {
    const fact = `${region} still uses epoch ${used} of the fleet's secret; the newest is epoch ${newest}`
    const remedy = 'wait five minutes and check again; if nothing changed, check the replica of the secret there'
    faults.push(new UnreachableError('REGIONS_DIFFER', fact, { remedy }))
  }
  return faults
}

const newestEpoch = (keys: readonly { readonly epoch: number }[]): number =>
  Math.max(0, ...keys.map(({ epoch }) => epoch))

/** The newest version of the key policy in any agent bucket; 0 if the caller may read none of them. */
async function newestPublished(fleet: Fleet, clients: FleetClients): Promise<number> {
  const versions = fleet.regions.map((place) => publishedVersion(place, fleet, clients).catch(() => undefined))
  return Math.max(0, ...(await Promise.all(versions)).map((version) => version ?? 0))
}

async function checkBucket(expected: ExpectedBucket, fleet: Fleet, clients: FleetClients): Promise<BucketReport> {
  try {
    const actual = await locateBucket(clients.s3(fleet.regions[0]!.region), expected.bucket)
    const problem = compareRegion(expected, actual)
    return { ...expected, ...(problem && { problem: toWireError(problem) }) }
  } catch (error) {
    return { ...expected, problem: toWireError(error) }
  }
}

function compareRegion({ bucket, region }: ExpectedBucket, actual: string): ObjectError | undefined {
  if (actual === region) return undefined
  return new ObjectError(
    'BUCKET_ELSEWHERE',
    `bucket "${bucket}" is in ${actual}, but the configuration says ${region}`,
    {
      remedy: `set its "region" to "${actual}" in lander.config.json, and deploy`,
    },
  )
}
