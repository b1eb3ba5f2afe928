import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AwsError } from '../http/aws-error.ts'
import { Bucket, type BucketFiles } from './bucket.ts'

/** What a removed bucket is called until it is gone: no bucket's name starts with a dot. */
const GRAVE = '.deleted-'

export interface StorageOptions {
  /** Where the buckets are: `dir/region/bucket/`. It is made where it is missing. */
  readonly dir: string
  readonly regions: readonly string[]
  /** Whether a change waits for the disk. */
  readonly fsync: boolean
}

/** All buckets of all regions. A bucket's name is unique across them, as in S3. */
export interface Storage {
  /** @returns `undefined` where no region has such a bucket. */
  find(name: string): Promise<Bucket | undefined>
  /**
   * Makes a bucket, or returns the one that this region has.
   *
   * @throws AwsError `BucketAlreadyOwnedByYou`: another region has it.
   */
  create(name: string, region: string, now: number): Promise<Bucket>
  /** @throws AwsError `BucketNotEmpty`. */
  remove(bucket: Bucket): Promise<void>
  /** In order of their names. */
  list(): Promise<Bucket[]>
  close(): Promise<void>
}

/**
 * Finds the buckets there are. A bucket is opened when it is first asked for: until then it is no more than the name
 * of a directory.
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
      // Moved first, in one step: half a bucket must not come back after a crash.
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
  /** The bucket if anyone has opened it. */
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

/** The buckets a region's directory holds; one whose creation was cut short has no journal and is not among them. */
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
