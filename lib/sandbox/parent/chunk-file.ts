import { randomUUID } from 'node:crypto'
import { closeSync, openSync, unlinkSync, writevSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { byteLength } from '../wire/frames.ts'

/**
 * An unlinked file that passes chunks to an executor. The sandbox writes a chunk at the position that the executor has
 * named, and the executor reads it directly into its target. Each side copies once at memory speed. A pipe costs four
 * times as much, because the system splits chunks and synchronises both sides every 200 KB.
 */
export class ChunkFile {
  /** The descriptor for the executor, which can't write to it. */
  readonly readable: number
  readonly #writable: number

  private constructor(path: string) {
    this.#writable = openSync(path, 'wx', 0o600)
    try {
      this.readable = openSync(path, 'r')
    } catch (error) {
      closeSync(this.#writable)
      throw error
    } finally {
      unlinkSync(path)
    }
  }

  /** `undefined` if the temporary folder can't be written: all chunks then go through the pipe. */
  static open(): ChunkFile | undefined {
    try {
      return new ChunkFile(join(tmpdir(), `lander-${randomUUID()}`))
    } catch {
      return undefined
    }
  }

  /** Writes the pieces at `position`, one after the other. Returns whether there was enough space. */
  write(position: number, pieces: readonly Uint8Array[]): boolean {
    try {
      return writevSync(this.#writable, pieces, position) === byteLength(pieces)
    } catch {
      return false
    }
  }

  /** Closes this side's copy, after the executor has inherited the descriptor. */
  closeReadable(): void {
    closeSync(this.readable)
  }

  close(): void {
    closeSync(this.#writable)
  }
}
