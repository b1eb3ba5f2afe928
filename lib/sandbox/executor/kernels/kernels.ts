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
  /** The memory limit for engine and kernels together, in pages; and the memory of the engine. */
  readonly memoryPages: number
  readonly enginePages: () => number
  /** The memory of kernels in worker threads, in pages. */
  readonly workerPages: () => number
  readonly chunks: Chunks
  /** Called when the limit is exceeded. */
  readonly onMemory: () => void
}

/** An entry of the guest's table of kernel functions. */
export interface Slot {
  readonly name: string
  readonly signature: Signature
  readonly prototype: string
  readonly kernel: Kernel
  /** Absent until the kernel is linked. */
  readonly linked?: KernelFunction
}

/** A kernel that is linked, or will be linked before the agent runs. */
export interface Kernel {
  readonly title: string
  readonly source: KernelSource
  /** Distinguishes a kernel from the one that it has replaced. */
  readonly number: number
  /** Absent until it is linked. */
  readonly linked?: { readonly module: WebAssembly.Module; readonly instance: KernelInstance }
}

export type WorkerFunction = Pick<WorkerCall, 'kernel' | 'title' | 'module' | 'name' | 'prototype'>

/** The most kernels of one run, and the most functions of all of them. */
const MAX_KERNELS = 256
const MAX_SLOTS = 4096

const prototypes = v.record(v.string(), v.string())
const definition = v.strictObject({ title: v.string(), source: kernelSource, prototypes })

type Definition = v.InferOutput<typeof definition>

/**
 * The kernels of one run, and the guest's table of their functions. A new kernel with the same title replaces the old
 * one, also for code that holds the old functions. A call that is running ends with the old one.
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

  /** The memory of all kernels, in pages. */
  get pages(): number {
    // A replaced kernel counts as long as the table contains functions of it.
    const instances = new Set(this.#slots.map(({ linked }) => linked?.instance))
    let pages = this.#options.workerPages()
    for (const instance of instances) pages += instance?.pages ?? 0
    return pages
  }

  /** Declares a kernel that the agent's module imports. Its functions get their numbers before it is linked. */
  declare(request: string): string {
    const kernel = v.parse(definition, JSON.parse(request))
    if (kernel.source.from !== 'bundle') throw new Error('a module can import only kernels of its bundle')
    const linking = this.#link(kernel).then((linked) => this.#place(kernel, linked))
    // `takeUp` reports the failure.
    linking.catch(() => {})
    this.#links.push(linking)
    return this.#describe(this.#place(kernel, { title: kernel.title, source: kernel.source, number: 0 }))
  }

  /**
   * Links a kernel at run time and returns the description of its functions.
   *
   * @throws KernelError
   */
  async define(request: string, binary: Uint8Array | undefined): Promise<string> {
    const requested = v.parse(definition, JSON.parse(request))
    const kernel = binary === undefined ? requested : { ...requested, ...broughtAs(binary) }
    return this.#describe(this.#place(kernel, await this.#link(kernel)))
  }

  /**
   * Waits until the kernels that the module has declared are linked, and links those of a snapshot, which the agent
   * defined in another place.
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

  /** The kernels for a snapshot. It omits those that the module declares, since it declares them again. */
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
   * Calls a function. `values` contains its arguments, and then its result.
   *
   * @returns whether it succeeded; if not, {@link fault} returns the reason
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

  /** What a worker needs to call a function. @throws KernelError if there is none, or it is not linked yet */
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

  /** The bytes of the view arguments. @throws KernelError if their number does not match the prototype */
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

  /** Assigns a number to each function. A replaced kernel's functions keep their numbers. */
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

  /** The description of functions for the guest: number, name and types of each. */
  #describe(slots: readonly number[]): string {
    return JSON.stringify(
      slots.map((slot) => {
        const { name, signature } = this.#slots[slot]!
        return [slot, name, signature.result, signature.parameters.map(codeOf)]
      }),
    )
  }

  /** Checks that engine and kernels together stay within the limit. */
  readonly admitPages = (): void => {
    if (this.#options.enginePages() + this.pages > this.#options.memoryPages) this.#options.onMemory()
  }
}

const NO_VIEWS: readonly Piece[] = []

const keyOf = (title: string, name: string): string => JSON.stringify([title, name])

/** Whether the agent defined a kernel at run time. Kernels that the module imports are declared again with it. */
function isMadeHere({ title }: Kernel): boolean {
  return !title.startsWith('import ')
}

function signaturesOf({ prototypes }: Definition): { name: string; signature: Signature }[] {
  return Object.entries(prototypes).map(([name, prototype]) => ({ name, signature: parsePrototype(prototype) }))
}

/** Identifies a binary of the agent by its digest. */
function broughtAs(binary: Uint8Array): Pick<Definition, 'title' | 'source'> {
  const bytes = Buffer.from(binary.buffer, binary.byteOffset, binary.byteLength)
  const title = `binary ${createHash('sha256').update(bytes).digest('base64url')}`
  return { title, source: { from: 'binary', base64: bytes.toString('base64') } }
}
