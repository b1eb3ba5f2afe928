/**
 * Pieces of objects that the guest knows by number only: their bytes stay here, for kernels, until the agent asks its
 * stream for the next piece, or closes it.
 */
import { KernelError, ObjectError } from '../../errors.ts'
import { bytesOf, isFiled, type Piece } from './pieces.ts'

export class Chunks {
  readonly #release: (piece: Piece) => void
  readonly #pieces = new Map<number, Piece>()
  /** Pieces that another thread has at the moment. */
  readonly #lent = new Set<number>()
  /** The piece that a stream has given last. */
  readonly #current = new Map<number, number>()

  /** @param release told of a piece that nobody will ask for any more */
  constructor(release: (piece: Piece) => void) {
    this.#release = release
  }

  /** Keeps what `stream` has delivered under a number that the guest has not used before. */
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

  /** Its bytes, to be written to as well: from now on they lie in memory. @throws as {@link get} */
  bytes(number: number): Uint8Array {
    const piece = this.get(number)
    if (!isFiled(piece)) return piece
    const bytes = bytesOf(piece)
    this.#release(piece)
    this.#pieces.set(number, bytes)
    return bytes
  }

  /** The piece a stream has given last, if it is still here. */
  current(stream: number): { readonly number: number; readonly bytes: number } | undefined {
    const number = this.#current.get(stream)
    return number === undefined ? undefined : { number, bytes: this.#pieces.get(number)!.length }
  }

  /**
   * Gives the piece to a thread that works on it, and takes it back: until then nobody else can have it.
   *
   * @param writes whether the thread will write to the bytes
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

  /** The stream goes on, or ends: what it gave last is let go of. */
  drop(stream: number): void {
    const number = this.#current.get(stream)
    if (number === undefined) return
    this.#current.delete(stream)
    if (!this.#lent.has(number)) this.#release(this.#pieces.get(number)!)
    this.#pieces.delete(number)
  }
}

const GONE =
  'the bytes of this chunk are no longer here: a chunk is good until its loop asks for the next one, in the place it was read'

const LENT = 'a kernel in another lane works on this chunk'
