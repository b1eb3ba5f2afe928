import { randomBytes } from 'node:crypto'
import { read } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Blob } from './records.ts'

/** A range of bytes in one blob. */
export interface BlobSlice {
  readonly blob: Blob
  /** First byte. */
  readonly start: number
  /** One past the last byte. */
  readonly end: number
}

/** It takes half the time of a file handle's read method. */
const readInto = promisify(read)

/** With reads of this size, disk, socket and event loop work in parallel. */
const READ_BYTES = 512 * 1024

/**
 * Immutable files with random names. Keys are never file names, so a key can't be too long or invalid for the file system,
 * and keys that differ only in case don't collide.
 */
export class BlobStore {
  readonly #dir: string
  readonly #fsync: boolean
  /** The number of readers of each blob. */
  readonly #pins = new Map<string, number>()
  readonly #doomed = new Set<string>()

  constructor(dir: string, fsync: boolean) {
    this.#dir = dir
    this.#fsync = fsync
  }

  /**
   * Writes a new blob. If `chunks` throws, the file is removed.
   *
   * @param observe called with every chunk in order
   */
  async write(chunks: AsyncIterable<Buffer>, observe: (chunk: Buffer) => void): Promise<Blob> {
    const id = randomBytes(16).toString('hex')
    await mkdir(join(this.#dir, id.slice(0, 2)), { recursive: true })
    const file = await open(this.#path(id), 'wx')
    try {
      const size = await writeAll(file, chunks, observe)
      if (this.#fsync) await file.sync()
      return { id, size }
    } catch (error) {
      await rm(this.#path(id), { force: true })
      throw error
    } finally {
      await file.close()
    }
  }

  /** Yields the bytes of the slices in order. The receiver owns the chunks. The blobs must be pinned during the read. */
  async *read(slices: readonly BlobSlice[]): AsyncGenerator<Buffer> {
    for (const { blob, start, end } of slices) {
      await using file = await this.openFile(blob)
      for (let at = start; at < end; ) {
        const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at))
        const length = await file.read(buffer, at)
        at += length
        yield buffer.subarray(0, length)
      }
    }
  }

  /** Opens a blob for reads at any position. The blob must be pinned. */
  async openFile(blob: Blob): Promise<BlobFile> {
    const file = await open(this.#path(blob.id), 'r')
    return {
      async read(buffer, position) {
        const { bytesRead } = await readInto(file.fd, buffer, 0, buffer.length, position)
        if (bytesRead === 0) throw new Error(`blob ${blob.id} is shorter than its ${blob.size} bytes`)
        return bytesRead
      },
      [Symbol.asyncDispose]: () => file.close(),
    }
  }

  /** Keeps blobs on disk until the pin is disposed, even if they are removed in the meantime. */
  pin(blobs: readonly Blob[]): Disposable {
    for (const { id } of blobs) this.#pins.set(id, (this.#pins.get(id) ?? 0) + 1)
    return { [Symbol.dispose]: () => this.#unpin(blobs) }
  }

  #unpin(blobs: readonly Blob[]): void {
    for (const { id } of blobs) {
      const left = this.#pins.get(id)! - 1
      if (left > 0) this.#pins.set(id, left)
      else this.#pins.delete(id)
    }
    void this.remove(blobs.filter(({ id }) => this.#doomed.has(id)))
  }

  /** Removes blobs, now or when their last reader is done. */
  async remove(blobs: readonly Blob[]): Promise<void> {
    for (const { id } of blobs) {
      if (this.#pins.has(id)) {
        this.#doomed.add(id)
        continue
      }
      this.#doomed.delete(id)
      await rm(this.#path(id), { force: true })
    }
  }

  /** Removes all other files, which a crash left behind before an object referred to them. */
  async removeAllBut(kept: ReadonlySet<string>): Promise<void> {
    for (const entry of await readdir(this.#dir, { recursive: true, withFileTypes: true }))
      if (entry.isFile() && !kept.has(entry.name)) await rm(this.#path(entry.name), { force: true })
  }

  #path(id: string): string {
    return join(this.#dir, id.slice(0, 2), id)
  }
}

export interface BlobFile extends AsyncDisposable {
  /** Reads bytes from `position` into `buffer`. @returns how many were read */
  read(buffer: Uint8Array, position: number): Promise<number>
}

async function writeAll(
  file: FileHandle,
  chunks: AsyncIterable<Buffer>,
  observe: (chunk: Buffer) => void,
): Promise<number> {
  let size = 0
  for await (const chunk of chunks) {
    const written = writeChunk(file, chunk)
    observe(chunk) // hashes while the disk writes
    await written
    size += chunk.length
  }
  return size
}

async function writeChunk(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
}
