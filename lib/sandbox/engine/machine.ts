/**
 * The engine: one WebAssembly instance that runs one agent. Only this file and boot.ts use quickjs-wasi.
 *
 * Loading is deterministic, like booting: the same engine, prelude and module give the same memory, byte for byte, on
 * every computer. Only {@link Machine.start} brings in anything else.
 *
 * The guest calls the host through one function, `(name, id, request)`, and the host answers through one, `settle(id,
 * ok, text, bytes)`. Promises live in the guest's heap. So while the call stack is empty, the memory alone is a
 * complete snapshot of the agent.
 */

import { EvalFlags, type JSValueHandle, QuickJS } from 'quickjs-wasi'
import { PAGE_BYTES } from '../../limits.ts'
import type { MemoryDifference } from '../wire/snapshot.ts'
import {
  BOOT_TIME,
  type BootedImage,
  type BootOptions,
  bootedImage,
  engineOptions,
  HOST_PROPERTY,
  type HookName,
  KERNEL_PROPERTY,
} from './boot.ts'
import type { CallReply } from './call-reply.ts'
import { applyDifference, differenceOf, digestOfImage } from './memory-difference.ts'
import { wipeFreeMemory } from './wipe-free-memory.ts'

/** A call of the guest. `id` is 0 for a call without a reply. */
export type HostCall = (name: string, id: number, request: string, bytes: Uint8Array | undefined) => void

/** The guest's array for kernel calls: the arguments by position, and then the result in the first entry. */
export interface KernelValues {
  readonly numbers: Float64Array
  /** The same bytes as integers of 64 bits. */
  readonly bigs: BigInt64Array
}

/** A view argument: the number of a chunk, or bytes. For a typed array they are a view of the guest's memory. */
export type GuestView = number | Uint8Array

/** Calls a kernel's function by its number. Returns whether it succeeded. */
export type KernelCall = (slot: number, values: KernelValues, views: readonly GuestView[]) => boolean

/** Why the engine stopped the guest. An agent that ends by itself makes a host call. */
export type MachineStop =
  /** The deadline has passed. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'out-of-memory' }
  /** WebAssembly trapped: the call stack is exhausted, or the memory is corrupt. Don't use the instance again. */
  | { readonly kind: 'trapped' }

export interface MachineOptions extends BootOptions {
  /** The limit of the guest's heap, in pages of 64 KiB. */
  readonly memoryPages: number
  readonly hostCall: HostCall
  readonly kernelCall: KernelCall
  /** Called often while the guest runs; `true` interrupts it. */
  readonly expired: () => boolean
  readonly onStop: (stop: MachineStop) => void
}

const MAIN_MODULE = 'main'
const WORD_BYTES = 4
const NO_VIEWS: readonly GuestView[] = []
/** How many unhandled rejections are kept until the guest is idle. The first one then fails the run. */
const MAX_REJECTIONS = 64

/**
 * The hooks of the prelude. `refuse` reports that the module did not load, `fail` that the run threw. `arrive` resumes
 * a restored agent. `values` is the array for kernel calls.
 */
type Hooks = Readonly<Record<HookName, JSValueHandle>>

/** A range of the engine's memory. */
interface Range {
  readonly start: number
  readonly length: number
}

/** The parts of a booted engine that a machine needs. */
interface Booted {
  readonly clock: { now: number }
  readonly rejections: Rejections
  readonly hooks: BootedImage['hooks']
}

type Rejections = Map<number, { readonly promise: JSValueHandle; readonly reason: JSValueHandle }>

export class Machine {
  readonly #vm: QuickJS
  readonly #options: MachineOptions
  readonly #clock: { now: number }
  readonly #rejections: Rejections
  readonly #hooks: Hooks
  /** The base image: the memory after boot and load, which {@link snapshot} compares with. */
  #base: Uint8Array | undefined
  #stackPointer = 0
  #values: KernelValues | undefined
  #depth = 0
  /** A result that is reported once the guest is idle, unless a rejection is still unhandled then. */
  #heldResult: string | undefined
  #stopped = false

  private constructor(vm: QuickJS, options: MachineOptions, { clock, rejections, hooks }: Booted) {
    this.#vm = vm
    this.#options = options
    this.#clock = clock
    this.#rejections = rejections
    // Each allocates guest memory on first use. Using them all now makes them part of every base image.
    void [vm.undefined, vm.true, vm.false]
    const handles = Object.entries(hooks).map(([name, token]) => [name, vm.importHandle(token)])
    this.#hooks = Object.fromEntries(handles) as Hooks
    vm.registerHostCallback(HOST_PROPERTY, (...args) => this.#onHostCall(args))
    vm.registerHostCallback(KERNEL_PROPERTY, (...args) => this.#onKernelCall(args))
  }

  /** Makes an instance from the booted image. */
  static async boot(options: MachineOptions): Promise<Machine> {
    const { snapshot, hooks } = await bootedImage(options)
    const clock = { now: BOOT_TIME }
    const rejections: Rejections = new Map()
    const vm = await QuickJS.restore(snapshot, {
      ...engineOptions(options.engine, clock),
      memoryLimit: options.memoryPages * PAGE_BYTES,
      interruptHandler: options.expired,
      onUnhandledRejection: (promise: JSValueHandle, reason: JSValueHandle, handled: boolean) =>
        noteRejection(rejections, promise, reason, handled),
    })
    return new Machine(vm, options, { clock, rejections, hooks })
  }

  /** Evaluates the agent's module. The guest keeps what it exports. */
  load(source: string): void {
    this.#enter(() => {
      const vm = this.#vm
      const promise = vm.evalCode(source, MAIN_MODULE, EvalFlags.TYPE_MODULE)
      this.#call(this.#hooks.load, promise)
      promise.dispose()
    }, this.#hooks.refuse)
    this.#tidy()
    this.#base = this.image().slice()
    this.#stackPointer = this.#stackTop()
  }

  /** Calls the agent's function. It ends with the host call `return`, `throw` or `stop`. */
  start(request: string, now: number): void {
    this.#clock.now = now
    this.#enter(() => this.#callWithText(this.#hooks.start, request))
  }

  /** Answers a call of the guest. An answer within {@link HostCall} needs no promise. */
  settle(id: number, ok: boolean, reply: CallReply, now: number): void {
    this.#clock.now = now
    this.#enter(() => {
      const vm = this.#vm
      const args = [vm.newNumber(id), ok ? vm.true : vm.false, this.#text(reply.text), this.#bytes(reply.bytes)]
      this.#call(this.#hooks.settle, ...args)
      for (const arg of args) arg.dispose()
    })
  }

  /**
   * The memory as a difference to the base image. Garbage is collected and free memory is wiped first. The call stack
   * must be empty: then the memory contains everything, since the stack pointer, the only other global, has its value
   * after load.
   *
   * @throws Error while the guest runs, or after it has ended
   */
  snapshot(): MemoryDifference {
    if (this.#base === undefined || this.#depth > 0 || this.#stopped)
      throw new Error('this machine can not make a snapshot')
    this.#tidy()
    if (this.#stackTop() !== this.#stackPointer)
      throw new Error('a machine with calls on its stack can not make a snapshot')
    return differenceOf(this.#base, this.image())
  }

  /**
   * Restores a snapshot into this machine, which has booted and loaded the same code. {@link arrive} resumes it.
   *
   * @throws Error if the snapshot has another base image, or needs more memory than the limit
   */
  restore(difference: MemoryDifference): void {
    if (this.#base === undefined) throw new Error('this machine can not be restored')
    if (difference.base !== digestOfImage(this.#base)) throw new Error('the state belongs to another base image')
    const memory = this.#vm._getMemory()
    const missing = difference.bytes - memory.buffer.byteLength
    if (missing < 0 || missing % PAGE_BYTES !== 0) throw new Error('the state does not fit its base image')
    memory.grow(missing / PAGE_BYTES)
    applyDifference(this.image(), difference)
  }

  /** Resumes a restored agent with the results that it waited for. */
  arrive(request: string, now: number): void {
    this.#clock.now = now
    this.#enter(() => this.#callWithText(this.#hooks.arrive, request))
  }

  /** The engine's memory in pages. */
  get memoryPages(): number {
    return this.image().byteLength / PAGE_BYTES
  }

  /** A view of the whole memory. */
  image(): Uint8Array {
    return new Uint8Array(this.#vm._getMemory().buffer)
  }

  /** Releases the memory. */
  dispose(): void {
    this.#vm.dispose()
  }

  /**
   * Cleans the memory, before the base image and before each snapshot: the garbage collector reorders the engine's
   * lists.
   */
  #tidy(): void {
    this.#vm.runGC()
    // The arguments of the last kernel call are not part of the agent's state.
    if (this.#values !== undefined) this.#kernelValues().numbers.fill(0)
    // The engine's runtime is the first allocation on its heap.
    wipeFreeMemory(this.image(), this.#vm._getExports().qjs_get_runtime_ptr())
    // The stack is at the start of the memory and grows downwards. Everything below its top is unused.
    this.image().fill(0, 0, this.#stackTop())
  }

  #stackTop(): number {
    return this.#vm._getExports().__stack_pointer.value
  }

  /**
   * Handles a host call. Types are checked before any conversion, because converting an object would run guest code.
   */
  #onHostCall(args: readonly JSValueHandle[]): JSValueHandle {
    const [name, id, request, bytes] = args
    if (!name?.isString || !id?.isNumber || !request?.isString) throw 'a host call takes (string, number, string)'
    if (lengthOf(name) > 32 || lengthOf(request) > this.#options.memoryPages * PAGE_BYTES)
      throw 'a host call is too long'
    try {
      const copied = bytes?.isObject ? bytes.toUint8Array() : undefined
      if (this.#rejections.size > 0 && name.toString() === 'return') this.#heldResult = request.toString()
      else this.#options.hostCall(name.toString(), id.toNumber(), request.toString(), copied)
    } catch (error) {
      if (isTrap(error)) this.#stop({ kind: 'trapped' })
      // A string: an Error would pass the host's stack to the guest.
      throw error instanceof Error ? error.message : String(error)
    }
    return this.#vm.undefined
  }

  /** Handles a kernel call. It is separate from host calls because it is frequent: numbers are not passed as text. */
  #onKernelCall([slot, ...views]: readonly JSValueHandle[]): JSValueHandle {
    if (!slot?.isNumber) throw 'a kernel call takes the number of a function'
    const given = views.length === 0 ? NO_VIEWS : this.#viewsOf(views)
    const ok = this.#options.kernelCall(slot.toNumber(), this.#kernelValues(), given)
    return ok ? this.#vm.true : this.#vm.false
  }

  /** The guest's array for kernel calls. Its address is fixed, but growing the memory replaces the buffer. */
  #kernelValues(): KernelValues {
    const { buffer } = this.#vm._getMemory()
    if (this.#values?.numbers.buffer !== buffer) {
      const { start, length } = this.#rangeOf(this.#hooks.values)
      const entries = length / Float64Array.BYTES_PER_ELEMENT
      const memory = this.#vm._getMemory().buffer
      this.#values = {
        numbers: new Float64Array(memory, start, entries),
        bigs: new BigInt64Array(memory, start, entries),
      }
    }
    return this.#values
  }

  /** Looking up ranges may grow the memory, so the views are made afterwards. */
  #viewsOf(handles: readonly JSValueHandle[]): GuestView[] {
    const found = handles.map((handle) => {
      if (handle.isObject) return this.#rangeOf(handle)
      return handle.isNumber ? handle.toNumber() : Buffer.from(handle.isString ? handle.toString() : '')
    })
    const memory = this.#vm._getMemory().buffer
    return found.map((view) => (isRange(view) ? new Uint8Array(memory, view.start, view.length) : view))
  }

  /** The memory range of a typed array. */
  #rangeOf(array: JSValueHandle): Range {
    const engine = this.#vm._getExports()
    const out = engine.wasm_malloc(4 * WORD_BYTES)
    const buffer = engine.qjs_get_typed_array_buffer(array.ptr, out, out + WORD_BYTES, out + 2 * WORD_BYTES)
    try {
      if (engine.qjs_is_exception(buffer) !== 0) throw 'a view is a chunk, a typed array or a string'
      const data = engine.qjs_get_array_buffer(buffer, out + 3 * WORD_BYTES)
      const [offset, length] = new Uint32Array(this.#vm._getMemory().buffer, out, 2)
      return { start: data + offset!, length: length! }
    } finally {
      engine.qjs_free_value(buffer)
      engine.wasm_free(out)
    }
  }

  /** Runs guest code and its microtasks, until the guest waits or has ended. */
  #enter(run: () => void, onThrow = this.#hooks.fail): void {
    if (this.#stopped) return
    if (this.#depth > 0) {
      run()
      return
    }
    this.#depth++
    try {
      run()
      this.#vm.executePendingJobs()
      this.#reportRejection()
    } catch (error) {
      this.#onThrow(error, onThrow)
    } finally {
      this.#depth--
    }
    // An interrupted microtask swallows the interruption, so the deadline is checked again.
    if (!this.#stopped && this.#options.expired()) this.#stop({ kind: 'expired' })
  }

  #onThrow(error: unknown, hook: JSValueHandle): void {
    const thrown = isTrap(error) || this.#options.expired() ? undefined : guestException(error)
    if (thrown === undefined || isOutOfMemory(error)) this.#stop(this.#stopFor(error))
    else
      try {
        this.#call(hook, thrown)
      } catch (again) {
        this.#stop(this.#stopFor(again))
      }
  }

  /** Why the guest can't report the error itself. */
  #stopFor(error: unknown): MachineStop {
    if (isTrap(error)) return { kind: 'trapped' }
    return { kind: this.#options.expired() ? 'expired' : 'out-of-memory' }
  }

  #stop(stop: MachineStop): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#options.onStop(stop)
  }

  /** Fails the run if a rejection is unhandled, even with a result, as Node does. */
  #reportRejection(): void {
    const [first] = this.#rejections.values()
    if (first === undefined) {
      if (this.#heldResult !== undefined) this.#options.hostCall('return', 0, this.#heldResult, undefined)
      return
    }
    this.#rejections.clear()
    this.#call(this.#hooks.fail, first.reason)
  }

  #call(hook: JSValueHandle, ...args: JSValueHandle[]): void {
    this.#vm.callFunction(hook, this.#vm.undefined, ...args).dispose()
  }

  #callWithText(hook: JSValueHandle, text: string): void {
    const handle = this.#vm.newString(text)
    this.#call(hook, handle)
    handle.dispose()
  }

  #text(text: string | undefined): JSValueHandle {
    return text === undefined ? this.#vm.undefined : this.#vm.newString(text)
  }

  #bytes(bytes: Uint8Array | undefined): JSValueHandle {
    return bytes === undefined ? this.#vm.undefined : this.#vm.newArrayBuffer(bytes)
  }
}

/** Records an unhandled rejection, and drops it once it is handled. */
function noteRejection(noted: Rejections, promise: JSValueHandle, reason: JSValueHandle, handled: boolean): void {
  const known = noted.get(promise.identity)
  if (known !== undefined) for (const handle of [known.promise, known.reason]) handle.dispose()
  noted.delete(promise.identity)
  if (!handled && noted.size < MAX_REJECTIONS)
    noted.set(promise.identity, { promise: promise.dup(), reason: reason.dup() })
}

function isRange(view: GuestView | Range): view is Range {
  return typeof view === 'object' && 'start' in view
}

/** A string's own `length` can't be overridden, so this runs no guest code. */
function lengthOf(text: JSValueHandle): number {
  return text.getProp('length').consume((length) => length.toNumber())
}

/** Whether WebAssembly trapped, or the thread's stack is exhausted. */
function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError
}

function guestException(error: unknown): JSValueHandle | undefined {
  return error instanceof Error && 'handle' in error ? (error.handle as JSValueHandle) : undefined
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.name === 'InternalError' && error.message === 'out of memory'
}
