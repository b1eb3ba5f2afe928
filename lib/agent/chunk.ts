import { type CallReply, call } from './prelude/calls.ts'
import { BufferClass } from './prelude/captured.ts'

/**
 * A piece of an object. Its bytes lie outside of the agent's heap, where kernels read them; they are good until the
 * loop that gave it asks for the next one, and do not travel.
 *
 * @example
 * for await (const chunk of object.chunks()) newlines += count(chunk)
 */
export class Chunk {
  /** Bytes. */
  readonly length: number
  /** What the host calls it. */
  readonly number: number

  constructor(number: number, length: number) {
    this.number = number
    this.length = length
  }

  /**
   * Copies the bytes into the agent's heap, to look at them without a kernel.
   *
   * @throws ObjectError `OBJECT_LEFT_BEHIND` if they are gone
   */
  bytes(): Uint8Array {
    const { bytes } = call('chunk-bytes', `${this.number}`) as CallReply
    return new Uint8Array(bytes ?? new BufferClass(0))
  }
}
