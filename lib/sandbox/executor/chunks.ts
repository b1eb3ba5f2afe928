/**
 * Pieces of objects that the guest knows by number only: their bytes stay here, for kernels, until the agent asks its
 * stream for the next piece, or closes it.
 */
import { KernelError, ObjectError } from '../../errors.ts'

export class Chunks {
  readonly #release: (bytes: Uint8Array) => void
  readonly #bytes = new Map<number, Uint8Array>()
  /** Pieces that another thread has at the moment. */
  readonly #lent = new Set<number>()
  /** The piece that a stream has given last. */
  readonly #current = new Map<number, number>()

  /** @param release told of a piece that nobody will ask for any more */
  constructor(release: (bytes: Uint8Array) => void) {
    this.#release = release
  }

  /** Keeps what `stream` has delivered under a number that the guest has not used before. */
  keep(number: number, stream: number, bytes: Uint8Array): void {
    this.drop(stream)
    this.#bytes.set(number, bytes)
    this.#current.set(stream, number)
  }

  /** @throws ObjectError `OBJECT_LEFT_BEHIND` */
  get(number: number): Uint8Array {
    const bytes = this.#bytes.get(number)
    if (bytes === undefined) throw new ObjectError('OBJECT_LEFT_BEHIND', GONE)
    if (this.#lent.has(number)) throw new KernelError('KERNEL_BUSY', LENT, { remedy: 'await that call first' })
    return bytes
  }

  /** The piece a stream has given last, if it is still here. */
  current(stream: number): { readonly number: number; readonly bytes: number } | undefined {
    const number = this.#current.get(stream)
    return number === undefined ? undefined : { number, bytes: this.#bytes.get(number)!.length }
  }

  /**
   * Gives the bytes to a thread that works on them, and takes them back: until then nobody else can have them.
   *
   * @throws KernelError `KERNEL_BUSY`, or as {@link get}
   */
  lend(number: number): { readonly bytes: Uint8Array; readonly giveBack: (bytes: Uint8Array) => void } {
    const bytes = this.get(number)
    this.#lent.add(number)
    const giveBack = (returned: Uint8Array): void => {
      this.#lent.delete(number)
      if (this.#bytes.has(number)) this.#bytes.set(number, returned)
      else this.#release(returned)
    }
    return { bytes, giveBack }
  }

  /** The stream goes on, or ends: what it gave last is let go of. */
  drop(stream: number): void {
    const number = this.#current.get(stream)
    if (number === undefined) return
    this.#current.delete(stream)
    if (!this.#lent.has(number)) this.#release(this.#bytes.get(number)!)
    this.#bytes.delete(number)
  }
}

const GONE =
  'the bytes of this chunk are no longer here: a chunk is good until its loop asks for the next one, in the place it was read'

const LENT = 'a kernel in another lane works on this chunk'
