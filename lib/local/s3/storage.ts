import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AwsError } from '../http/aws-error.ts'
import { Bucket, type BucketFiles } from './bucket.ts'

/** The prefix of a removed bucket's directory until it is deleted. No bucket's name starts with a dot. */
const GRAVE = '.deleted-'

export interface StorageOptions {
  /** The folder of the buckets: `dir/region/bucket/`. It is created if it does not exist. */
  readonly dir: string
  readonly regions: readonly string[]
  /** Whether a change waits for the disk. */
  readonly fsync: boolean
}

/** All buckets of all regions. A bucket's name is unique across them, as in S3. */
export interface Storage {
  /** Finds a bucket. @returns `undefined` if no region has it */
  find(name: string): Promise<Bucket | undefined>
  /**
   * Creates a bucket, or returns the existing one of this region.
   *
   * @throws AwsError `BucketAlreadyOwnedByYou` if it is in another region
   */
  create(name: string, region: string, now: number): Promise<Bucket>
  /** Removes a bucket. @throws AwsError `BucketNotEmpty` */
  remove(bucket: Bucket): Promise<void>
  /** All buckets, sorted by name. */
  list(): Promise<Bucket[]>
  close(): Promise<void>
}

/**
 * Opens the storage and lists its buckets. Each bucket is opened at its first use; until then only its name is known.
 */
export function openStorage({ dir, regions, fsync }: StorageOptions): Storage {
  const buckets = new Map<string, BucketSlot>()
  const filesOf = (name: string, region: string): BucketFiles => ({ dir: join(dir, region, name), name, region, fsync })
  for (const region of regions)
    for (const name of bucketNames(join(dir, region)))
      buckets.set(
        name,
        bucketSlot(() => Bucket.open(filesOf(name, region))),
      )

  return {
    find: async (name) => buckets.get(name)?.open(),

    async create(name, region, now) {
      const existing = buckets.get(name)
      if (existing !== undefined) return requireRegion(await existing.open(), region)
      const slot = bucketSlot(() => Bucket.create(filesOf(name, region), now))
      buckets.set(name, slot)
      return slot.open().catch((error: unknown) => {
        buckets.delete(name)
        throw error
      })
    },

    async remove(bucket) {
      if (bucket.objects.size > 0) throw notEmpty(bucket.name)
      buckets.delete(bucket.name)
      // The directory is renamed first, which is atomic, so that a crash leaves no partial bucket.
      const grave = join(dir, bucket.region, `${GRAVE}${randomBytes(8).toString('hex')}`)
      renameSync(join(dir, bucket.region, bucket.name), grave)
      await bucket.close()
      await rm(grave, { recursive: true, force: true })
    },

    async list() {
      const names = [...buckets.keys()].sort()
      return Promise.all(names.map((name) => buckets.get(name)!.open()))
    },

    async close() {
      const opened = await Promise.allSettled([...buckets.values()].map((slot) => slot.opened()))
      await Promise.all(opened.map((slot) => slot.status === 'fulfilled' && slot.value?.close()))
    },
  }
}

interface BucketSlot {
  open(): Promise<Bucket>
  /** The bucket, if it has been opened. */
  opened(): Promise<Bucket> | undefined
}

function bucketSlot(make: () => Promise<Bucket>): BucketSlot {
  let made: Promise<Bucket> | undefined
  return {
    open() {
      made ??= make()
      return made
    },
    opened: () => made,
  }
}

/** The buckets in a region's directory. A bucket whose creation was interrupted has no journal and is ignored. */
function bucketNames(regionDir: string): string[] {
  mkdirSync(regionDir, { recursive: true })
  const names = readdirSync(regionDir)
  for (const name of names) if (name.startsWith(GRAVE)) rmSync(join(regionDir, name), { recursive: true, force: true })
  return names.filter((name) => !name.startsWith(GRAVE) && Bucket.exists(join(regionDir, name)))
}

function requireRegion(bucket: Bucket, region: string): Bucket {
  if (bucket.region === region) return bucket
  throw new AwsError('BucketAlreadyOwnedByYou', 'The bucket you tried to create already exists, and you own it.', {
    fields: { BucketName: bucket.name },
  })
}

function notEmpty(name: string): AwsError {
  return new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty', {
    fields: { BucketName: name },
  })
}
