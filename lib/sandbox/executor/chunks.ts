/**
 * Chunks that the guest knows only by number. Their bytes stay here, for kernels, until the agent asks the stream for
 * the next chunk or closes it.
 */
import { KernelError, ObjectError } from '../../errors.ts'
import { bytesOf, isFiled, type Piece } from './pieces.ts'

export class Chunks {
  readonly #release: (piece: Piece) => void
  readonly #pieces = new Map<number, Piece>()
  /** The chunks that another thread is using. */
  readonly #lent = new Set<number>()
  /** The last chunk of each stream. */
  readonly #current = new Map<number, number>()

  /** @param release called with each piece that is no longer needed */
  constructor(release: (piece: Piece) => void) {
    this.#release = release
  }

  /** Stores a chunk of `stream` under a new number. */
  keep(number: number, stream: number, piece: Piece): void {
    this.drop(stream)
    this.#pieces.set(number, piece)
    this.#current.set(stream, number)
  }

  /** @throws ObjectError `OBJECT_LEFT_BEHIND`, KernelError `KERNEL_BUSY` */
  get(number: number): Piece {
    const piece = this.#pieces.get(number)
    if (piece === undefined) throw new ObjectError('OBJECT_LEFT_BEHIND', GONE)
    if (this.#lent.has(number)) throw new KernelError('KERNEL_BUSY', LENT, { remedy: 'await that call first' })
    return piece
  }

  /** The bytes of a chunk, for reading and writing. Moves them into memory. @throws as {@link get} */
  bytes(number: number): Uint8Array {
    const piece = this.get(number)
    if (!isFiled(piece)) return piece
    const bytes = bytesOf(piece)
    this.#release(piece)
    this.#pieces.set(number, bytes)
    return bytes
  }

  /** The last chunk of a stream, if it is still stored. */
  current(stream: number): { readonly number: number; readonly bytes: number } | undefined {
    const number = this.#current.get(stream)
    return number === undefined ? undefined : { number, bytes: this.#pieces.get(number)!.length }
  }

  /**
   * Lends a chunk to another thread. No other call can use it until `giveBack` is called.
   *
   * @param writes whether the thread writes to the bytes
   * @throws as {@link get}
   */
  lend(number: number, writes: boolean): { readonly view: Piece; readonly giveBack: (piece: Piece) => void } {
    const view = writes ? this.bytes(number) : this.get(number)
    this.#lent.add(number)
    const giveBack = (returned: Piece): void => {
      this.#lent.delete(number)
      if (this.#pieces.has(number)) this.#pieces.set(number, returned)
      else this.#release(returned)
    }
    return { view, giveBack }
  }

  /** Drops the last chunk of a stream, which continues or ends. */
  drop(stream: number): void {
    const number = this.#current.get(stream)
    if (number === undefined) return
    this.#current.delete(stream)
    if (!this.#lent.has(number)) this.#release(this.#pieces.get(number)!)
    this.#pieces.delete(number)
  }
}

const GONE =
  'the bytes of this chunk are no longer here; a chunk is valid only until its loop asks for the next one, and only in the place where it was read'

const LENT = 'a kernel in another worker is using this chunk'
