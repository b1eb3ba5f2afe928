/// <reference path="../../engine/webassembly.d.ts" />
/** One instance of a kernel: its memory, and where the views of a call lie in it. */

import { KernelError } from '../../../errors.ts'
import { PAGE_BYTES } from '../../../limits.ts'
import type { KernelModule } from './module.ts'

/** A function of a module: its arguments are numbers, and BigInts where they are of 64 bits. */
export type Exported = (...args: readonly (number | bigint)[]) => number | bigint | undefined

/** Bytes before a view that belong to it: AssemblyScript keeps the header of an array there. */
const HEADER_BYTES = 64
const ALIGNMENT = 16
/** Code units of an `abort` that are shown. */
const LONGEST_ABORT = 300

/** AssemblyScript's own way to give up. */
class Aborted extends Error {}

export class KernelInstance {
  readonly #module: Pick<KernelModule, 'module'>
  #exports: Record<string, unknown>
  #memory: WebAssembly.Memory
  /** Where views lie, and how much room there is. */
  #space = { start: 0, bytes: 0 }
  #bytes: Uint8Array | undefined
  #life = 0
  #knownPages = 0

  /** @throws KernelError if it can't be instantiated, or its `_initialize` traps */
  constructor(module: Pick<KernelModule, 'module'>) {
    this.#module = module
    ;[this.#exports, this.#memory] = this.#instantiate()
  }

  get pages(): number {
    return this.bytes.length / PAGE_BYTES
  }

  /** Whether its memory has grown since this was asked. */
  hasGrown(): boolean {
    const { pages } = this
    const grown = pages !== this.#knownPages
    this.#knownPages = pages
    return grown
  }

  /** Its memory as it is now: a view, good until it grows. */
  get bytes(): Uint8Array {
    const { buffer } = this.#memory
    if (this.#bytes?.buffer !== buffer) this.#bytes = new Uint8Array(buffer)
    return this.#bytes
  }

  /** Changes when it starts anew: functions of an earlier life are not its own any more. */
  get life(): number {
    return this.#life
  }

  exported(name: string): Exported {
    return this.#exports[name] as Exported
  }

  /** Starts anew: what a trap left behind, a stack pointer in the middle, is no state to go on from. */
  reset(): void {
    this.#life++
    this.#space = { start: 0, bytes: 0 }
    ;[this.#exports, this.#memory] = this.#instantiate()
  }

  /**
   * Room for views of these lengths: where each begins, as long as nothing else is reserved.
   *
   * @throws KernelError `KERNEL_MEMORY`
   */
  reserve(views: readonly { readonly length: number }[]): number[] {
    let bytes = 0
    const offsets = views.map(({ length }) => {
      const at = bytes + HEADER_BYTES
      bytes = Math.ceil((at + length) / ALIGNMENT) * ALIGNMENT
      return at
    })
    if (bytes > this.#space.bytes) this.#enlarge(bytes)
    return offsets.map((offset) => this.#space.start + offset)
  }

  /** Nothing is given back, so it asks for twice as much: what is asked for in all stays within three times the most. */
  #enlarge(bytes: number): void {
    const wanted = Math.max(bytes, Math.min(2 * this.#space.bytes, 2 ** 26), PAGE_BYTES)
    const reserve = this.#exports.lander_reserve as Exported | undefined
    if (reserve !== undefined) this.#space = { start: Number(reserve(wanted)) >>> 0, bytes: wanted }
    else this.#grow(wanted)
    if (this.#space.start + this.#space.bytes > this.bytes.length) throw outOfMemory(wanted)
  }

  #grow(bytes: number): void {
    const end = this.bytes.length
    const { start, bytes: before } = this.#space
    const begin = start + before === end ? start : end
    const pages = Math.ceil((begin + bytes - end) / PAGE_BYTES)
    try {
      this.#memory.grow(pages)
    } catch {
      throw outOfMemory(bytes)
    }
    this.#space = { start: begin, bytes: this.bytes.length - begin }
  }

  #instantiate(): [Record<string, unknown>, WebAssembly.Memory] {
    const abort = (message: number, _file: number, line: number, column: number): never => {
      throw new Aborted(`${this.#textAt(message)} (${line}:${column})`)
    }
    // Without prototypes: a module must not find what every object inherits.
    const imports = withoutPrototype({ env: withoutPrototype({ abort }) })
    try {
      const { exports } = new WebAssembly.Instance(this.#module.module, imports)
      this.#memory = exports.memory as WebAssembly.Memory
      const initialize = exports._initialize as Exported | undefined
      initialize?.()
      return [exports, this.#memory]
    } catch (error) {
      throw trapOf(error, 'initialiser')
    }
  }

  /** A string of AssemblyScript's: UTF-16, its length in bytes before it. */
  #textAt(pointer: number): string {
    const start = pointer >>> 0
    const memory = Buffer.from(this.#memory.buffer)
    if (start < 4 || start > memory.length) return 'aborted'
    const bytes = Math.min(memory.readUInt32LE(start - 4), 2 * LONGEST_ABORT, memory.length - start)
    return bytes === 0 ? 'aborted' : memory.toString('utf16le', start, start + bytes)
  }
}

/** What the kernel `name` threw, in the words of a KernelError. */
export function trapOf(error: unknown, name: string): KernelError {
  if (error instanceof KernelError) return error
  const remedy = 'its instance starts anew; what its static variables held is gone'
  if (error instanceof RangeError)
    return new KernelError('KERNEL_TRAPPED', `the kernel ${name} used up the call stack`, { remedy })
  const why = error instanceof WebAssembly.RuntimeError || error instanceof Aborted ? error.message : 'it failed'
  return new KernelError('KERNEL_TRAPPED', `the kernel ${name} trapped: ${why}`, { remedy })
}

function outOfMemory(bytes: number): KernelError {
  return new KernelError('KERNEL_MEMORY', `the kernel's memory has no room for ${bytes} bytes of views`, {
    remedy: 'give it smaller pieces, or compile it with a larger maximum',
  })
}

function withoutPrototype<T extends object>(properties: T): T {
  return Object.assign(Object.create(null), properties)
}
