/** Whether a fleet is as its file says, and all of a piece. Asking is in one place, judging in others, which are pure. */

import { type ProbedRegion, probeRegion } from '../aws/probe-region.ts'
import {
  type LanderError,
  ObjectError,
  RefusedError,
  toWireError,
  UnreachableError,
  type WireError,
} from '../errors.ts'
import { locateBucket } from '../fleet/bucket-region.ts'
import type { FleetClients } from '../fleet/clients.ts'
import { explainSkew } from '../fleet/clock-skew.ts'
import type { Fleet, FleetRegion } from '../fleet/fleet.ts'
import { mergeReceiptKeys, type PublicReceiptKey } from '../fleet/receipt-keys.ts'
import type { Probe } from '../host/probe.ts'
import { publishedVersion } from './publish-policy.ts'

/** A bucket, and the region that is to read it. */
export interface ExpectedBucket {
  readonly bucket: string
  readonly region: string
}

/** What {@link checkFleet} asks, and through what. */
export interface CheckOptions {
  readonly fleet: Fleet
  readonly clients: FleetClients
  /** SHA-256 of the engine that agents are packed for here, base64url. */
  readonly engine: string
  /** Data buckets and where they should lie. @default none */
  readonly data?: readonly ExpectedBucket[]
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** What there is to say of one region. */
export interface RegionReport {
  readonly region: string
  readonly probe?: Probe
  readonly skewMs?: number
  readonly problems: readonly WireError[]
}

export interface BucketReport extends ExpectedBucket {
  readonly problem?: WireError
}

/** What there is to say of a whole fleet. */
export interface FleetReport {
  /** Whether there is no problem at all. */
  readonly sound: boolean
  readonly regions: readonly RegionReport[]
  readonly buckets: readonly BucketReport[]
  /** The fleet file's, and those of new epochs. */
  readonly receiptKeys: readonly PublicReceiptKey[]
}

/** Asks every region of a fleet, and where the data lies, side by side. A region that fails is a problem, not an error. */
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
      ...judgePlace(answer, place, fleet, engine),
      ...judgeAgainst(probe, probes, fleet.receiptKeys),
      ...judgeFreshness(probe, newest, fleet.receiptKeys),
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

/** A region by itself: the right fleet, the right engine, the right time. */
function judgePlace(
  { probe, skewMs, roundTripMs }: ProbedRegion,
  { region, functionName }: FleetRegion,
  fleet: Fleet,
  engine: string,
): LanderError[] {
  const faults: (LanderError | undefined)[] = [
    explainSkew(Math.sign(skewMs) * Math.max(0, Math.abs(skewMs) - roundTripMs / 2), region),
  ]
  if (probe.fleet !== fleet.name || probe.region !== region) {
    const said = `${functionName} in ${region} says it is fleet "${probe.fleet}" in ${probe.region}`
    faults.push(new RefusedError('WRONG_FLEET', said, { remedy: 'import the fleet anew: lander fleet import' }))
  }
  if (probe.engine !== engine) {
    const said = `${region} runs another engine (Lander ${probe.version}): agents packed here are refused`
    faults.push(new RefusedError('ENGINE_MISMATCH', said, { remedy: 'deploy this version, or pack with that one' }))
  }
  return faults.filter((fault) => fault !== undefined)
}

/** A region beside the others, and beside what is known of the fleet. */
function judgeAgainst(probe: Probe, all: readonly Probe[], known: readonly PublicReceiptKey[]): LanderError[] {
  const faults: LanderError[] = []
  const keys = new Map([...all.flatMap(({ receiptKeys }) => receiptKeys), ...known].map((key) => [key.epoch, key]))
  for (const { epoch, publicKey } of probe.receiptKeys) {
    if (keys.get(epoch)?.publicKey === publicKey) continue
    const said = `${probe.region} signs receipts of epoch ${epoch} with a key that others don't have`
    faults.push(
      new UnreachableError('REGIONS_DIFFER', said, {
        remedy: 'its secret is not the fleet’s: check the replica; if the secret was made anew, import the fleet anew',
      }),
    )
  }
  return faults
}

/** A region beside what was published: functions take a policy up within 30 seconds, an epoch within five minutes. */
function judgeFreshness(probe: Probe, published: number, known: readonly PublicReceiptKey[]): LanderError[] {
  const { region, policy, receiptKeys } = probe
  const faults: LanderError[] = []
  if (policy !== null && policy < published) {
    const said = `${region} still uses version ${policy} of the key policy; version ${published} is published`
    const remedy = 'wait 30 seconds and check again; if it stays, publish it anew: lander trust publish'
    faults.push(new UnreachableError('REGIONS_DIFFER', said, { remedy }))
  }
  const [used, newest] = [newestEpoch(receiptKeys), newestEpoch(known)]
  if (used > 0 && used < newest) {
    const said = `${region} still works with epoch ${used} of the fleet's secret; epoch ${newest} is there`
    const remedy = 'wait five minutes and check again; if it stays, look at the replica of the secret there'
    faults.push(new UnreachableError('REGIONS_DIFFER', said, { remedy }))
  }
  return faults
}

const newestEpoch = (keys: readonly { readonly epoch: number }[]): number =>
  Math.max(0, ...keys.map(({ epoch }) => epoch))

/** The newest version of the key policy in any agent bucket; 0 where this caller may not look. */
async function newestPublished(fleet: Fleet, clients: FleetClients): Promise<number> {
  const versions = fleet.regions.map((place) => publishedVersion(place, fleet, clients).catch(() => undefined))
  return Math.max(0, ...(await Promise.all(versions)).map((version) => version ?? 0))
}

async function checkBucket(expected: ExpectedBucket, fleet: Fleet, clients: FleetClients): Promise<BucketReport> {
  try {
    const actual = await locateBucket(clients.s3(fleet.regions[0]!.region), expected.bucket)
    const problem = judgeBucket(expected, actual)
    return { ...expected, ...(problem && { problem: toWireError(problem) }) }
  } catch (error) {
    return { ...expected, problem: toWireError(error) }
  }
}

function judgeBucket({ bucket, region }: ExpectedBucket, actual: string): ObjectError | undefined {
  if (actual === region) return undefined
  return new ObjectError('BUCKET_ELSEWHERE', `bucket "${bucket}" lies in ${actual}, but ${region} is to read it`, {
    remedy: `write "region": "${actual}" for it in lander.config.json, and deploy`,
  })
}
