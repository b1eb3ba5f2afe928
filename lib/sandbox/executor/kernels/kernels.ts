import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { KernelError } from '../../../errors.ts'
import { codeOf, parsePrototype, type Signature } from '../../../kernels/signature.ts'
import type { GuestView, KernelValues } from '../../engine/machine.ts'
import { type KernelNote, type KernelSource, kernelSource } from '../../wire/kernel-source.ts'
import type { Chunks } from '../chunks.ts'
import { type Fault, faultOf } from '../fault.ts'
import type { Piece } from '../pieces.ts'
import type { Binaries } from './binaries.ts'
import { KernelFunction, requireFunction } from './function.ts'
import { KernelInstance } from './instance.ts'
import { compileKernel } from './module.ts'
import { notYet, tooMany, tooManyPages } from './refusals.ts'
import type { WorkerCall } from './worker.ts'

export interface KernelsOptions {
  readonly binaries: Binaries
  /** Pages of memory that engine and kernels may take together, and that the engine takes. */
  readonly memoryPages: number
  readonly enginePages: () => number
  /** What kernels take in other threads. */
  readonly workerPages: () => number
  readonly chunks: Chunks
  /** A kernel has grown beyond the limit. */
  readonly onMemory: () => void
}

/** A function of a kernel, as the guest's table has it. */
export interface Slot {
  readonly name: string
  readonly signature: Signature
  readonly prototype: string
  readonly kernel: Kernel
  /** Absent until the kernel is linked. */
  readonly linked?: KernelFunction
}

/** A kernel that is linked, or will be before the agent goes on. */
export interface Kernel {
  readonly title: string
  readonly source: KernelSource
  /** Tells one from another that has taken its place. */
  readonly number: number
  /** Absent until it is linked. */
  readonly linked?: { readonly module: WebAssembly.Module; readonly instance: KernelInstance }
}

export type WorkerFunction = Pick<WorkerCall, 'kernel' | 'title' | 'module' | 'name' | 'prototype'>

/** Kernels of one run, and functions of all of them. */
const MAX_KERNELS = 256
const MAX_SLOTS = 4096

const prototypes = v.record(v.string(), v.string())
const definition = v.strictObject({ title: v.string(), source: kernelSource, prototypes })

type Definition = v.InferOutput<typeof definition>

/**
 * The kernels of one run: which functions the guest has, by number, and what serves them now. A new kernel of the same
 * title takes the place of the old one for all who hold its functions; a call that is under way ends with the old one.
 */
export class Kernels {
  readonly #options: KernelsOptions
  readonly #slots: Slot[] = []
  readonly #slotOf = new Map<string, number>()
  readonly #kernels = new Map<string, Kernel>()
  readonly #links: Promise<unknown>[] = []
  #lastKernel = 0
  #fault: unknown

  constructor(options: KernelsOptions) {
    this.#options = options
  }

  /** Pages of memory of all kernels. */
  get pages(): number {
    // One that was replaced counts for as long as functions of its are there.
    const instances = new Set(this.#slots.map(({ linked }) => linked?.instance))
    let pages = this.#options.workerPages()
    for (const instance of instances) pages += instance?.pages ?? 0
    return pages
  }

  /** A kernel of the bundle that the agent's module imports: its functions have their numbers at once. */
  declare(request: string): string {
    const kernel = v.parse(definition, JSON.parse(request))
    if (kernel.source.from !== 'bundle') throw new Error('a module can import only kernels of its bundle')
    const linking = this.#link(kernel).then((linked) => this.#place(kernel, linked))
    // Whoever waits for all of them hears of it.
    linking.catch(() => {})
    this.#links.push(linking)
    return this.#describe(this.#place(kernel, { title: kernel.title, source: kernel.source, number: 0 }))
  }

  /**
   * Links a kernel while the agent runs, and says which numbers its functions have.
   *
   * @throws KernelError
   */
  async define(request: string, binary: Uint8Array | undefined): Promise<string> {
    const told = v.parse(definition, JSON.parse(request))
    const kernel = binary === undefined ? told : { ...told, ...broughtAs(binary) }
    return this.#describe(this.#place(kernel, await this.#link(kernel)))
  }

  /**
   * Resolves when all that the module has declared is linked, and what a state names: kernels that were defined while
   * the agent ran, elsewhere.
   *
   * @throws KernelError
   */
  async takeUp(notes: readonly KernelNote[]): Promise<void> {
    await Promise.all(this.#links)
    await Promise.all(
      notes.map(async ({ source, title, functions }) => {
        const prototypes = Object.fromEntries(functions.map(({ name, prototype }) => [name, prototype]))
        const kernel = await this.#link({ source, title, prototypes })
        this.#kernels.set(title, kernel)
        for (const { slot, name, prototype } of functions) this.#take(slot, kernel, name, prototype)
      }),
    )
  }

  /** What {@link takeUp} needs. What the module declares, it declares again. */
  notes(): KernelNote[] {
    return [...this.#kernels.values()].filter(isMadeHere).map(({ source, title }) => ({
      source,
      title,
      functions: this.#slots.flatMap(({ kernel, name, prototype }, slot) =>
        kernel.title === title ? [{ slot, name, prototype }] : [],
      ),
    }))
  }

  /**
   * Calls a function: its arguments are in `values`, and so is its result.
   *
   * @returns whether it went well; if not, {@link fault} says why
   */
  call(number: number, values: KernelValues, views: readonly GuestView[]): boolean {
    try {
      const { linked, name } = this.slot(number)
      if (linked === undefined) throw notYet(name)
      linked.call(values, this.#views(linked, views))
      if (linked.instance.hasGrown()) this.admitPages()
      return true
    } catch (error) {
      this.#fault = error
      return false
    }
  }

  /** What a lane needs to know of a function. @throws KernelError if there is none, or it is not linked yet */
  workerFunction(number: number): { readonly called: WorkerFunction; readonly viewWrites: readonly boolean[] } {
    const { kernel, linked, name, prototype } = this.slot(number)
    if (linked === undefined) throw notYet(name)
    const { module } = kernel.linked!
    const called = { kernel: kernel.number, title: kernel.title, module, name, prototype }
    return { called, viewWrites: linked.viewWrites }
  }

  /** Why the last call failed. */
  fault(): Fault {
    return faultOf(this.#fault)
  }

  /** @throws KernelError if there is no such function */
  slot(number: number): Slot {
    const slot = this.#slots[number]
    if (slot === undefined) throw new KernelError('KERNEL_UNKNOWN', `there is no kernel function ${number}`)
    return slot
  }

  /** The bytes of what a function is called with. @throws KernelError if its prototype wants others */
  #views({ name, viewWrites }: KernelFunction, views: readonly GuestView[]): readonly Piece[] {
    if (views.length !== viewWrites.length)
      throw new KernelError(
        'KERNEL_PROTOTYPE',
        `the kernel ${name} takes ${viewWrites.length} views, not ${views.length}`,
      )
    if (views.length === 0) return NO_VIEWS
    const { chunks } = this.#options
    return views.map((view, index) => {
      if (typeof view !== 'number') return view
      return viewWrites[index] ? chunks.bytes(view) : chunks.get(view)
    })
  }

  async #link(kernel: Definition): Promise<Kernel> {
    const { source, title } = kernel
    const signatures = signaturesOf(kernel)
    const module = compileKernel(await this.#options.binaries.of(source))
    for (const named of signatures) requireFunction(module, named)
    const { initial } = module.structure.memory
    const left = this.#options.memoryPages - this.#options.enginePages() - this.pages
    if (initial > left) throw tooManyPages(initial, left)
    const linked = { module: module.module, instance: new KernelInstance(module) }
    return { title, source, linked, number: ++this.#lastKernel }
  }

  /** Gives each function its number: the one it has, if there was a kernel of this title. */
  #place(definition: Definition, kernel: Kernel): number[] {
    if (!this.#kernels.has(kernel.title) && this.#kernels.size >= MAX_KERNELS) throw tooMany('kernels', MAX_KERNELS)
    this.#kernels.set(kernel.title, kernel)
    return Object.entries(definition.prototypes).map(([name, prototype]) => {
      const slot = this.#slotOf.get(keyOf(kernel.title, name)) ?? this.#slots.length
      if (slot >= MAX_SLOTS) throw tooMany('functions of kernels', MAX_SLOTS)
      this.#take(slot, kernel, name, prototype)
      return slot
    })
  }

  #take(slot: number, kernel: Kernel, name: string, prototype: string): void {
    const named = { name, signature: parsePrototype(prototype) }
    const linked = kernel.linked && new KernelFunction(kernel.linked.instance, named)
    this.#slots[slot] = { ...named, prototype, kernel, ...(linked && { linked }) }
    this.#slotOf.set(keyOf(kernel.title, name), slot)
  }

  /** What the guest keeps of each function: number, name, and its types. */
  #describe(slots: readonly number[]): string {
    return JSON.stringify(
      slots.map((slot) => {
        const { name, signature } = this.#slots[slot]!
        return [slot, name, signature.result, signature.parameters.map(codeOf)]
      }),
    )
  }

  /** Engine and kernels together must not take more than the limit. */
  readonly admitPages = (): void => {
    if (this.#options.enginePages() + this.pages > this.#options.memoryPages) this.#options.onMemory()
  }
}

const NO_VIEWS: readonly Piece[] = []

const keyOf = (title: string, name: string): string => JSON.stringify([title, name])

/** Declarations of the module come again with the module. */
function isMadeHere({ title }: Kernel): boolean {
  return !title.startsWith('import ')
}

function signaturesOf({ prototypes }: Definition): { name: string; signature: Signature }[] {
  return Object.entries(prototypes).map(([name, prototype]) => ({ name, signature: parsePrototype(prototype) }))
}

/** A binary that the agent has is known by its digest. */
function broughtAs(binary: Uint8Array): Pick<Definition, 'title' | 'source'> {
  const bytes = Buffer.from(binary.buffer, binary.byteOffset, binary.byteLength)
  const title = `binary ${createHash('sha256').update(bytes).digest('base64url')}`
  return { title, source: { from: 'binary', base64: bytes.toString('base64') } }
}
