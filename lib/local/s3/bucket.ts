import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AwsError } from '../http/aws-error.ts'
import { BlobStore } from './blobs.ts'
import { apply, type BucketState, type OpenUpload, referencedBlobs, replay, snapshot } from './bucket-state.ts'
import { type Journal, openJournal, readJournal, writeJournal } from './journal.ts'
import type { KeyIndex } from './key-index.ts'
import type { BucketEvent, StoredObject } from './records.ts'

const JOURNAL = 'journal.jsonl'
const BLOBS = 'blobs'

/** A journal above this length is rewritten if most of its lines are obsolete. */
const REWRITE_ABOVE_LINES = 1000

export interface BucketFiles {
  /** The bucket's own directory. */
  readonly dir: string
  readonly name: string
  readonly region: string
  /** Whether a change waits for the disk. */
  readonly fsync: boolean
}

/** A bucket. Its index is in memory, its changes are in a journal, and the bytes of its objects are in blobs. */
export class Bucket {
  readonly name: string
  readonly region: string
  readonly blobs: BlobStore
  readonly #state: BucketState
  readonly #journal: Journal
  #closed = false

  private constructor(files: BucketFiles, state: BucketState, journal: Journal) {
    this.name = files.name
    this.region = files.region
    this.blobs = new BlobStore(join(files.dir, BLOBS), files.fsync)
    this.#state = state
    this.#journal = journal
  }

  /** Whether a directory contains a bucket. */
  static exists(dir: string): boolean {
    return existsSync(join(dir, JOURNAL))
  }

  /** Creates the directory of a new bucket and opens the bucket. */
  static async create(files: BucketFiles, now: number): Promise<Bucket> {
    await mkdir(join(files.dir, BLOBS), { recursive: true })
    const created: BucketEvent = { op: 'create', version: 1, at: now }
    await writeJournal(join(files.dir, JOURNAL), [created])
    return Bucket.open(files)
  }

  /** Replays the journal, and removes files that an earlier crash left behind. */
  static async open(files: BucketFiles): Promise<Bucket> {
    const path = join(files.dir, JOURNAL)
    const { events, torn } = await readJournal(path)
    const state = replay(events as BucketEvent[])
    const lines = [...snapshot(state)]
    if (torn || events.length > REWRITE_ABOVE_LINES + 2 * lines.length) await writeJournal(path, lines)
    const bucket = new Bucket(files, state, await openJournal(path, files.fsync))
    await bucket.blobs.removeAllBut(new Set(Array.from(referencedBlobs(state), (blob) => blob.id)))
    return bucket
  }

  get createdAt(): number {
    return this.#state.createdAt
  }

  get objects(): Pick<KeyIndex<StoredObject>, 'get' | 'keyAt' | 'seek' | 'seekPast' | 'size'> {
    return this.#state.objects
  }

  get uploads(): ReadonlyMap<string, OpenUpload> {
    return this.#state.uploads
  }

  /**
   * Commits an event. Readers see it at once, and it is durable when the promise resolves. If a caller checks a condition
   * and commits without an await in between, the condition still holds.
   *
   * @throws AwsError `NoSuchBucket` if the bucket was removed or closed in the meantime
   */
  async commit(event: BucketEvent): Promise<void> {
    if (this.#closed) throw noSuchBucket(this.name)
    const unused = apply(this.#state, event)
    await this.#journal.append(event)
    await this.blobs.remove(unused)
  }

  /** Closes the bucket. Later commits fail. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#journal.close()
  }
}

export function noSuchBucket(name: string): AwsError {
  return new AwsError('NoSuchBucket', 'The specified bucket does not exist', { fields: { BucketName: name } })
}
