import { type CallReply, call } from './prelude/calls.ts'
import { BufferClass } from './prelude/captured.ts'

/**
 * A piece of an object. Its bytes lie outside of the agent's heap, where kernels read them. They are valid until the
 * loop asks for the next chunk, and they do not travel with the agent.
 *
 * @example
 * for await (const chunk of object.chunks()) newlines += count(chunk)
 */
export class Chunk {
  /** In bytes. */
  readonly length: number
  /** The number under which the host keeps the bytes. */
  readonly number: number

  constructor(number: number, length: number) {
    this.number = number
    this.length = length
  }

  /**
   * Copies the bytes into the agent's heap, for code that reads them without a kernel.
   *
   * @throws ObjectError `OBJECT_LEFT_BEHIND` if the bytes are no longer valid
   */
  bytes(): Uint8Array {
    const { bytes } = call('chunk-bytes', `${this.number}`) as CallReply
    return new Uint8Array(bytes ?? new BufferClass(0))
  }
}
