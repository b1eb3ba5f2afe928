import { randomUUID } from 'node:crypto'
import { closeSync, openSync, unlinkSync, writevSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { byteLength } from '../wire/frames.ts'

/**
 * A file without a name, for chunks on their way to an executor: the sandbox writes one where the executor has said, and
 * the executor reads it to where it is worked on. Both are one copy at the speed of memory; through a pipe the system
 * takes both apart and waits for either side every 200 KB, which costs four times as much.
 */
export class ChunkFile {
  /** For the executor: it can't write through it. */
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

  /** `undefined` where the temporary folder does not take it: the pipe takes everything, too. */
  static open(): ChunkFile | undefined {
    try {
      return new ChunkFile(join(tmpdir(), `lander-${randomUUID()}`))
    } catch {
      return undefined
    }
  }

  /** Puts the pieces at `position`, one behind the other; says whether there was room. */
  write(position: number, pieces: readonly Uint8Array[]): boolean {
    try {
      return writevSync(this.#writable, pieces, position) === byteLength(pieces)
    } catch {
      return false
    }
  }

  /** The executor has its own by now. */
  closeReadable(): void {
    closeSync(this.readable)
  }

  close(): void {
    closeSync(this.#writable)
  }
}
