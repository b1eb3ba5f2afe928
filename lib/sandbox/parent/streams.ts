/**
 * The streams of one run, on the trusted side: objects, listings, and single stats. Each pull is answered with one
 * chunk. Reads are counted and recorded here, where the agent can't manipulate them.
 */
import { ObjectError } from '../../errors.ts'
import { hasCode } from '../../objects/object-errors.ts'
import type { ObjectStat, ObjectStore } from '../../objects/store.ts'
import { inScope, type Scope } from '../../scope.ts'
import type { ObjectRead } from '../contract/job.ts'
import { PAGE_OBJECTS, STREAM_WINDOW, type StreamSource } from '../wire/protocol.ts'

/** One chunk: pieces to be sent one after the other, without copying. */
export interface Chunk {
  readonly pieces: readonly Uint8Array[]
  readonly last: boolean
}

export interface StreamsOptions {
  readonly store: ObjectStore
  readonly scopes: readonly Scope[]
  readonly signal: AbortSignal
}

type ChunkSource = AsyncIterator<Uint8Array, void, undefined>

/** How many stats are cached for the receipt. Further objects are looked up again when they are opened. */
const MAX_KNOWN = 10_000

export class Streams {
  readonly #options: StreamsOptions
  readonly #open = new Map<number, ObjectStream>()
  readonly #known = new Map<string, ObjectStat>()
  readonly #reads = new Map<string, ObjectRead>()
  #bytesRead = 0

  constructor(options: StreamsOptions) {
    this.#options = options
  }

  /** How many streams are open. */
  get size(): number {
    return this.#open.size
  }

  has(stream: number): boolean {
    return this.#open.has(stream)
  }

  /** The bytes read from objects so far. */
  get bytesRead(): number {
    return this.#bytesRead
  }

  /** Every object version that was read. */
  get reads(): readonly ObjectRead[] {
    return [...this.#reads.values()]
  }

  open(stream: number, source: StreamSource): void {
    this.#open.set(stream, new ObjectStream(this.#chunksOf(source), source.from === 'object'))
  }

  /**
   * The next chunk of a stream, or `undefined` if the stream has ended, has failed, or is closed. Rejects with an
   * ObjectError.
   *
   * @param bytes the largest chunk of an object
   * @throws Error for more pulls at once than the window allows
   */
  pull(stream: number, bytes: number): Promise<Chunk | undefined> {
    return this.#open.get(stream)?.pull(bytes) ?? Promise.resolve(undefined)
  }

  close(stream: number): void {
    this.#open.get(stream)?.close()
    this.#open.delete(stream)
  }

  closeAll(): void {
    for (const stream of this.#open.keys()) this.close(stream)
  }

  #chunksOf(source: StreamSource): ChunkSource {
    if (source.from === 'object') return this.#read(source)
    return source.from === 'list' ? this.#pages(source.prefix) : this.#stat(source.name)
  }

  async *#read(source: Extract<StreamSource, { from: 'object' }>): AsyncGenerator<Uint8Array, void, undefined> {
    const { bucket, key, etag, start, end } = source
    const { store, signal } = this.#options
    const name = nameOf(source)
    const stat = this.#known.get(name) ?? (await store.stat({ bucket, key }, signal))
    if (start === end) return
    for await (const bytes of store.read({ bucket, key, etag, start, end, signal })) {
      this.#bytesRead += bytes.length
      const bytesRead = (this.#reads.get(name)?.bytesRead ?? 0) + bytes.length
      this.#reads.set(name, { bucket, key, etag, size: stat.size, bytesRead })
      yield bytes
    }
  }

  async *#pages(name: string): AsyncGenerator<Uint8Array, void, undefined> {
    let page: ObjectStat[] = []
    for await (const stat of this.#list(name)) {
      this.#remember(stat)
      page.push({ bucket: stat.bucket, key: stat.key, size: stat.size, etag: stat.etag })
      if (page.length < PAGE_OBJECTS) continue
      yield Buffer.from(JSON.stringify(page))
      page = []
    }
    if (page.length > 0) yield Buffer.from(JSON.stringify(page))
  }

  /** Lists bucket after bucket, in the order of the scopes. The store narrows each list to the scopes. */
  async *#list(name: string): AsyncGenerator<ObjectStat, void, undefined> {
    const { store, scopes, signal } = this.#options
    const { bucket: only, key: prefix } = parseName(name)
    const buckets = only === undefined ? bucketsOf(scopes) : [only]
    let refusal: unknown
    let granted = 0
    for (const bucket of buckets)
      try {
        yield* store.list({ bucket, prefix, signal })
        granted++
      } catch (error) {
        if (!hasCode(error, 'OBJECT_OUT_OF_SCOPE')) throw error
        refusal = error
      }
    if (granted === 0 && refusal !== undefined) throw refusal
  }

  async *#stat(name: string): AsyncGenerator<Uint8Array, void, undefined> {
    const { bucket, key } = parseName(name)
    const stat =
      bucket === undefined
        ? await this.#find(key)
        : await this.#options.store.stat({ bucket, key }, this.#options.signal)
    this.#remember(stat)
    yield Buffer.from(JSON.stringify({ bucket: stat.bucket, key: stat.key, size: stat.size, etag: stat.etag }))
  }

  /** The object in the first bucket that has the key, in the order of the scopes. */
  async #find(key: string): Promise<ObjectStat> {
    const { store, scopes, signal } = this.#options
    const buckets = bucketsOf(scopes.filter((scope) => inScope([scope], scope.bucket, key)))
    for (const bucket of buckets) {
      const stat = await store.stat({ bucket, key }, signal).catch(unlessMissing)
      if (stat !== undefined) return stat
    }
    if (buckets.length > 0) throw new ObjectError('OBJECT_NOT_FOUND', `there is no object "${key}"`)
    throw new ObjectError('OBJECT_OUT_OF_SCOPE', `the object "${key}" is outside of what the agent may read here`)
  }

  #remember(stat: ObjectStat): void {
    if (this.#known.size < MAX_KNOWN) this.#known.set(nameOf(stat), stat)
  }
}

/** Collects the pieces of a source into chunks and marks the last one. */
class ObjectStream {
  readonly #source: ChunkSource
  readonly #gathers: boolean
  #turn: Promise<unknown> = Promise.resolve()
  #rest: Uint8Array | undefined
  #owed = 0
  #done = false

  /** @param gathers whether pieces are joined and cut to the requested size; otherwise each piece is a chunk */
  constructor(source: ChunkSource, gathers: boolean) {
    this.#source = source
    this.#gathers = gathers
  }

  /** Answers pulls in order. After a failure the stream ends, since an object with a gap would give wrong results. */
  pull(bytes: number): Promise<Chunk | undefined> {
    if (++this.#owed > STREAM_WINDOW) throw new Error('more pulls than the window of a stream')
    const chunk = this.#turn.then(() => this.#gather(this.#gathers ? bytes : 1))
    this.#turn = chunk.then(
      () => this.#owed--,
      () => this.close(),
    )
    return chunk
  }

  close(): void {
    this.#done = true
    this.#source.return?.().catch(() => {})
  }

  async #gather(bytes: number): Promise<Chunk | undefined> {
    if (this.#done) return undefined
    const pieces: Uint8Array[] = []
    let room = bytes
    while (room > 0) {
      const piece = await this.#take()
      if (piece === undefined) return { pieces, last: true }
      const fits = this.#gathers ? piece.subarray(0, room) : piece
      this.#rest = fits.length < piece.length ? piece.subarray(fits.length) : undefined
      pieces.push(fits)
      room -= fits.length
    }
    return { pieces, last: false }
  }

  async #take(): Promise<Uint8Array | undefined> {
    if (this.#rest !== undefined) return this.#rest
    const { done, value } = await this.#source.next()
    if (done === true) this.#done = true
    return done === true ? undefined : value
  }
}

/** `s3://bucket/key` names the bucket; anything else is a key, or a prefix of one. */
function parseName(name: string): { bucket: string | undefined; key: string } {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(name)
  return match === null ? { bucket: undefined, key: name } : { bucket: match[1]!, key: match[2] ?? '' }
}

function bucketsOf(scopes: readonly Scope[]): string[] {
  return [...new Set(scopes.map(({ bucket }) => bucket))]
}

function nameOf({ bucket, key, etag }: Pick<ObjectStat, 'bucket' | 'key' | 'etag'>): string {
  return JSON.stringify([bucket, key, etag])
}

function unlessMissing(error: unknown): undefined {
  if (!hasCode(error, 'OBJECT_NOT_FOUND')) throw error
}
