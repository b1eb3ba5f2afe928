/// <reference path="../../engine/webassembly.d.ts" />
/** One instance of a kernel, with its memory and the space in it for the views of a call. */

import { KernelError } from '../../../errors.ts'
import { PAGE_BYTES } from '../../../limits.ts'
import type { KernelModule } from './module.ts'

/** An exported function of a module. Integers of 64 bits are BigInts, all other values numbers. */
export type Exported = (...args: readonly (number | bigint)[]) => number | bigint | undefined

/** Reserved before each view: AssemblyScript stores the header of an array there. */
const HEADER_BYTES = 64
const ALIGNMENT = 16
/** The longest message of an `abort`, in code units. */
const LONGEST_ABORT = 300

/** AssemblyScript code has called `abort`. */
class Aborted extends Error {}

export class KernelInstance {
  readonly #module: Pick<KernelModule, 'module'>
  #exports: Record<string, unknown>
  #memory: WebAssembly.Memory
  /** The space for views. */
  #space = { start: 0, bytes: 0 }
  #bytes: Uint8Array | undefined
  #life = 0
  #knownPages = 0

  /** @throws KernelError if the module can't be instantiated, or its `_initialize` traps */
  constructor(module: Pick<KernelModule, 'module'>) {
    this.#module = module
    ;[this.#exports, this.#memory] = this.#instantiate()
  }

  get pages(): number {
    return this.bytes.length / PAGE_BYTES
  }

  /** Whether the memory has grown since the last call of this method. */
  hasGrown(): boolean {
    const { pages } = this
    const grown = pages !== this.#knownPages
    this.#knownPages = pages
    return grown
  }

  /** A view of the memory, valid until the memory grows. */
  get bytes(): Uint8Array {
    const { buffer } = this.#memory
    if (this.#bytes?.buffer !== buffer) this.#bytes = new Uint8Array(buffer)
    return this.#bytes
  }

  /** Changes with every reset, after which the exported functions must be looked up again. */
  get life(): number {
    return this.#life
  }

  exported(name: string): Exported {
    return this.#exports[name] as Exported
  }

  /** Instantiates the module again. After a trap the stack pointer is wrong, so the instance can't be used further. */
  reset(): void {
    this.#life++
    this.#space = { start: 0, bytes: 0 }
    ;[this.#exports, this.#memory] = this.#instantiate()
  }

  /**
   * Reserves space for views of these lengths. Returns their addresses, which are valid until the next call.
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

  /** Allocated space is never freed, so it doubles: all allocations together stay below three times the largest. */
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
    // Objects without a prototype: a module must not be able to import what every object inherits.
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

  /** An AssemblyScript string: UTF-16, preceded by its length in bytes. */
  #textAt(pointer: number): string {
    const start = pointer >>> 0
    const memory = Buffer.from(this.#memory.buffer)
    if (start < 4 || start > memory.length) return 'aborted'
    const bytes = Math.min(memory.readUInt32LE(start - 4), 2 * LONGEST_ABORT, memory.length - start)
    return bytes === 0 ? 'aborted' : memory.toString('utf16le', start, start + bytes)
  }
}

/** Turns what the kernel `name` threw into a KernelError. */
export function trapOf(error: unknown, name: string): KernelError {
  if (error instanceof KernelError) return error
  const remedy = 'the kernel starts again with the initial values of its static variables'
  if (error instanceof RangeError)
    return new KernelError('KERNEL_TRAPPED', `the kernel ${name} used up the call stack`, { remedy })
  const why = error instanceof WebAssembly.RuntimeError || error instanceof Aborted ? error.message : 'it failed'
  return new KernelError('KERNEL_TRAPPED', `the kernel ${name} trapped: ${why}`, { remedy })
}

function outOfMemory(bytes: number): KernelError {
  return new KernelError('KERNEL_MEMORY', `the kernel's memory has no room for ${bytes} bytes of views`, {
    remedy: 'pass smaller pieces, or compile the kernel with a larger maximum memory',
  })
}

function withoutPrototype<T extends object>(properties: T): T {
  return Object.assign(Object.create(null), properties)
}
