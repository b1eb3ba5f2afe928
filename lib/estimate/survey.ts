/** Surveys the data: counts the objects of scopes by region. */
import { ObjectError } from '../errors.ts'
import type { FleetClients } from '../fleet/clients.ts'
import { regionsOf } from '../fleet/data-regions.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { hasCode } from '../objects/object-errors.ts'
import { createS3Store } from '../objects/s3.ts'
import { scopeStore } from '../objects/scoped.ts'
import { inScope, type Scope } from '../scope.ts'
import type { Inventory } from './inventory.ts'
import type { SurveyedObject } from './surveyed-object.ts'

/** The data of one region. */
export interface RegionSurvey {
  readonly region: string
  readonly scopes: readonly Scope[]
  readonly bytes: number
  readonly objects: number
  /** Whether every object was counted. If not, `bytes` and `objects` are lower bounds. */
  readonly complete: boolean
  /** The largest objects, at most {@link KEPT_OBJECTS}, for trial runs. */
  readonly largest: readonly SurveyedObject[]
}

export interface Survey {
  /** In the order of the scopes. */
  readonly regions: readonly RegionSurvey[]
  readonly bytes: number
  readonly objects: number
  readonly complete: boolean
}

export interface SurveyOptions {
  readonly scopes: readonly Scope[]
  readonly fleet: Fleet
  readonly clients: FleetClients
  /** Inventories to use instead of listing their buckets. @default none */
  readonly inventories?: readonly Inventory[] | undefined
  /** The most objects of a bucket that are counted. ListObjectsV2 returns 1,000 a page. @default 1_000_000 */
  readonly maxObjects?: number
  readonly signal?: AbortSignal
}

/** Trial runs need only a few objects. */
const KEPT_OBJECTS = 8

/**
 * Counts the objects of the scopes, with ListObjectsV2 or from an S3 Inventory. All buckets are counted in parallel.
 *
 * @throws ObjectError `OBJECT_FORBIDDEN` for a bucket these credentials may not list, `BUCKET_NOT_FOUND`
 */
export async function surveyData(options: SurveyOptions): Promise<Survey> {
  const { scopes, fleet, clients } = options
  const buckets = [...new Set(scopes.map(({ bucket }) => bucket))]
  const counted = await Promise.all(
    buckets.map(async (bucket) => {
      const mine = scopes.filter((scope) => scope.bucket === bucket)
      const [region] = await regionsOf(mine, fleet, clients)
      return { region: region!, scopes: mine, ...(await countBucket(bucket, region!, mine, options)) }
    }),
  )
  const regions = [...new Set(counted.map(({ region }) => region))].map((region) =>
    joinCounts(
      region,
      counted.filter((bucket) => bucket.region === region),
    ),
  )
  const sum = (of: (region: RegionSurvey) => number) => regions.reduce((total, region) => total + of(region), 0)
  return {
    regions,
    bytes: sum(({ bytes }) => bytes),
    objects: sum(({ objects }) => objects),
    complete: regions.every(({ complete }) => complete),
  }
}

type Count = Omit<RegionSurvey, 'region' | 'scopes'>

function joinCounts(region: string, counts: readonly (Count & { scopes: readonly Scope[] })[]): RegionSurvey {
  return {
    region,
    scopes: counts.flatMap(({ scopes }) => scopes),
    bytes: counts.reduce((sum, { bytes }) => sum + bytes, 0),
    objects: counts.reduce((sum, { objects }) => sum + objects, 0),
    complete: counts.every(({ complete }) => complete),
    largest: keepLargest(counts.flatMap(({ largest }) => largest)),
  }
}

async function countBucket(
  bucket: string,
  region: string,
  scopes: readonly Scope[],
  { clients, inventories = [], maxObjects = 1_000_000, signal }: SurveyOptions,
): Promise<Count> {
  const inventory = inventories.find((candidate) => candidate.bucket === bucket)
  if (inventory !== undefined) return count(withinScopes(inventory.objects(), scopes), Number.POSITIVE_INFINITY)
  const store = scopeStore(createS3Store({ client: clients.s3(region) }), scopes)
  try {
    return await count(store.list({ bucket, ...(signal && { signal }) }), maxObjects)
  } catch (error) {
    throw hasCode(error, 'OBJECT_FORBIDDEN') ? mayNotList(bucket, error) : error
  }
}

async function* withinScopes(objects: AsyncIterable<SurveyedObject>, scopes: readonly Scope[]) {
  for await (const object of objects) if (inScope(scopes, object.bucket, object.key)) yield object
}

async function count(listing: AsyncIterable<SurveyedObject>, maxObjects: number): Promise<Count> {
  let bytes = 0
  let objects = 0
  let largest: SurveyedObject[] = []
  for await (const { bucket, key, size } of listing) {
    if (objects === maxObjects) return { bytes, objects, complete: false, largest: keepLargest(largest) }
    bytes += size
    objects++
    largest.push({ bucket, key, size })
    if (largest.length >= 64 * KEPT_OBJECTS) largest = keepLargest(largest)
  }
  return { bytes, objects, complete: true, largest: keepLargest(largest) }
}

const keepLargest = (objects: readonly SurveyedObject[]): SurveyedObject[] =>
  objects.toSorted((a, b) => b.size - a.size).slice(0, KEPT_OBJECTS)

function mayNotList(bucket: string, cause: unknown): ObjectError {
  return new ObjectError('OBJECT_FORBIDDEN', `these credentials may not list bucket "${bucket}"`, {
    remedy:
      `grant them s3:ListBucket on arn:aws:s3:::${bucket}, or name an S3 Inventory ` +
      'with --inventory s3://bucket/…/manifest.json',
    cause,
  })
}
