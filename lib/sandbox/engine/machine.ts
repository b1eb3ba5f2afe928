/**
 * The engine: one WebAssembly instance that runs one agent. No file but this one and boot.ts knows quickjs-wasi.
 *
 * Loading is deterministic, as booting is: the same engine, prelude and module give the same memory, byte for byte, on
 * every machine. Only {@link Machine.start} lets the world in.
 *
 * The guest reaches the host through one function, `(name, id, request)`, and the host the guest through one,
 * `settle(id, ok, text, bytes)`; promises live in the guest's own heap. So a machine whose call stack is empty is
 * complete without anything outside of it but this pair.
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

/** What the guest asks. `id` is 0 when nothing is to come back. */
export type HostCall = (name: string, id: number, request: string, bytes: Uint8Array | undefined) => void

/** Arguments of a kernel's function by position, and its result in the place of the first: where the guest has them. */
export interface KernelValues {
  readonly numbers: Float64Array
  /** The same bytes: values of 64 bits. */
  readonly bigs: BigInt64Array
}

/** The number of a chunk, or bytes: those of a typed array are where the guest has them, so a kernel may change them. */
export type GuestView = number | Uint8Array

/** Calls a kernel's function by its number. Says whether it went well. */
export type KernelCall = (slot: number, values: KernelValues, views: readonly GuestView[]) => boolean

/** Why the engine gave up; the agent itself ends by a host call. */
export type MachineStop =
  /** The deadline passed. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'out-of-memory' }
  /** WebAssembly trapped: the call stack is used up, or the memory is corrupt. The instance must not be used again. */
  | { readonly kind: 'trapped' }

export interface MachineOptions extends BootOptions {
  /** Most memory the guest's heap may take, in pages of 64 KiB. */
  readonly memoryPages: number
  readonly hostCall: HostCall
  readonly kernelCall: KernelCall
  /** Asked often while the guest runs; `true` interrupts it. */
  readonly expired: () => boolean
  readonly onStop: (stop: MachineStop) => void
}

const MAIN_MODULE = 'main'
const WORD_BYTES = 4
const NO_VIEWS: readonly GuestView[] = []
/** Unhandled rejections that are kept until the guest is idle: the first of them fails the run. */
const MAX_REJECTIONS = 64

/**
 * What the prelude has handed over: `refuse` takes what made the module not load, `fail` what ended the run, `arrive`
 * where a restored agent is now and what it waited for; `values` is what passes between guest and kernels.
 */
type Hooks = Readonly<Record<HookName, JSValueHandle>>

/** Bytes in the engine's memory. */
interface Range {
  readonly start: number
  readonly length: number
}

/** What came of booting. */
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
  /** The memory after boot and load: what {@link snapshot} compares with. */
  #base: Uint8Array | undefined
  #stackPointer = 0
  #values: KernelValues | undefined
  #depth = 0
  /** A result that waits for the guest to be idle: it does not count if a rejection is left unhandled then. */
  #heldResult: string | undefined
  #stopped = false

  private constructor(vm: QuickJS, options: MachineOptions, { clock, rejections, hooks }: Booted) {
    this.#vm = vm
    this.#options = options
    this.#clock = clock
    this.#rejections = rejections
    // Each takes a box in the guest's memory when first asked for: all at once, they are part of every base image.
    void [vm.undefined, vm.true, vm.false]
    const handles = Object.entries(hooks).map(([name, token]) => [name, vm.importHandle(token)])
    this.#hooks = Object.fromEntries(handles) as Hooks
    vm.registerHostCallback(HOST_PROPERTY, (...args) => this.#onHostCall(args))
    vm.registerHostCallback(KERNEL_PROPERTY, (...args) => this.#onKernelCall(args))
  }

  /** Makes an instance in which the prelude has been evaluated. */
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

  /** Evaluates the agent's module. What it exports is kept in the guest. */
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

  /** Calls the agent's entry; it ends with a host call named `return`, `throw` or `withhold`. */
  start(request: string, now: number): void {
    this.#clock.now = now
    this.#enter(() => this.#callWithText(this.#hooks.start, request))
  }

  /** Answers a call of the guest, also from within {@link HostCall}: then the guest needs no promise. */
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
   * The machine as a difference to its base image, after garbage is collected and free memory wiped. Its call stack must be empty: then
   * everything is in the memory, and the one global outside of it, the stack pointer, is where it was after load.
   *
   * @throws Error while the guest runs, or has ended
   */
  snapshot(): MemoryDifference {
    if (this.#base === undefined || this.#depth > 0 || this.#stopped) throw new Error('this machine can not be frozen')
    this.#tidy()
    if (this.#stackTop() !== this.#stackPointer) throw new Error('the stack of a machine to be frozen is not empty')
    return differenceOf(this.#base, this.image())
  }

  /**
   * Puts a frozen machine into this one, which has booted and loaded the same. {@link arrive} sets it going.
   *
   * @throws Error if it was frozen over another base image, or needs more memory than there is
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

  /** Tells a restored agent where it is; it goes on with what it waited for. */
  arrive(request: string, now: number): void {
    this.#clock.now = now
    this.#enter(() => this.#callWithText(this.#hooks.arrive, request))
  }

  /** The engine's memory in pages. */
  get memoryPages(): number {
    return this.image().byteLength / PAGE_BYTES
  }

  /** The whole memory, as it is: a view, not a copy. */
  image(): Uint8Array {
    return new Uint8Array(this.#vm._getMemory().buffer)
  }

  /** Lets go of the memory. */
  dispose(): void {
    this.#vm.dispose()
  }

  /** Base and state are tidied alike: collecting garbage reorders the engine's lists of objects. */
  #tidy(): void {
    this.#vm.runGC()
    // What kernels were called with last is no part of the agent.
    if (this.#values !== undefined) this.#kernelValues().numbers.fill(0)
    // The engine's own runtime is the first thing on its heap.
    wipeFreeMemory(this.image(), this.#vm._getExports().qjs_get_runtime_ptr())
    // The stack is the first thing in the memory and grows downwards: all of it is dead while nothing is called.
    this.image().fill(0, 0, this.#stackTop())
  }

  #stackTop(): number {
    return this.#vm._getExports().__stack_pointer.value
  }

  /** The guest's one way out. Types are checked before anything is converted: a conversion would run guest code. */
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
      // A string, because an Error would carry the host's own stack into the guest.
      throw error instanceof Error ? error.message : String(error)
    }
    return this.#vm.undefined
  }

  /** The guest's way to a kernel, apart from the other one because it is taken often: numbers do not come as text. */
  #onKernelCall([slot, ...views]: readonly JSValueHandle[]): JSValueHandle {
    if (!slot?.isNumber) throw 'a kernel call takes the number of a function'
    const given = views.length === 0 ? NO_VIEWS : this.#viewsOf(views)
    const ok = this.#options.kernelCall(slot.toNumber(), this.#kernelValues(), given)
    return ok ? this.#vm.true : this.#vm.false
  }

  /** The guest's array of values. Its place stays the same, but the memory is another one whenever it has grown. */
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

  /** Finding them may let the memory grow, so views of it are made at the end. */
  #viewsOf(handles: readonly JSValueHandle[]): GuestView[] {
    const found = handles.map((handle) => {
      if (handle.isObject) return this.#rangeOf(handle)
      return handle.isNumber ? handle.toNumber() : Buffer.from(handle.isString ? handle.toString() : '')
    })
    const memory = this.#vm._getMemory().buffer
    return found.map((view) => (isRange(view) ? new Uint8Array(memory, view.start, view.length) : view))
  }

  /** Where the bytes of a typed array are. */
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

  /** Runs guest code and everything that follows from it, until the guest waits or has ended. */
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
    // An interrupted microtask swallows the interruption, so the deadline is looked at once more.
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

  /** What keeps the guest from telling us itself what went wrong. */
  #stopFor(error: unknown): MachineStop {
    if (isTrap(error)) return { kind: 'trapped' }
    return { kind: this.#options.expired() ? 'expired' : 'out-of-memory' }
  }

  #stop(stop: MachineStop): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#options.onStop(stop)
  }

  /** Nobody listened to a rejection while the guest ran: that fails the run, as it ends a Node process, result or not. */
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

/** Keeps a rejection that nobody has handled yet, and lets go of it once somebody does. */
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

/** WebAssembly ran into a wall of its own: a trap, or the thread's stack is used up. */
function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError
}

function guestException(error: unknown): JSValueHandle | undefined {
  return error instanceof Error && 'handle' in error ? (error.handle as JSValueHandle) : undefined
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.name === 'InternalError' && error.message === 'out of memory'
}
