import type { KernelError } from '../../errors.ts'
import type { HostCall, KernelCall } from '../engine/machine.ts'
import type { Notes } from '../wire/snapshot.ts'
import type { KernelRuntime, KernelRuntimeOptions } from './kernels/runtime.ts'

/** What the file of kernels has for a run. */
export type OpenKernelRuntime = (options: KernelRuntimeOptions) => KernelRuntime

export interface LazyKernelRuntimeOptions extends KernelRuntimeOptions {
  /** Reads that file. */
  readonly load: () => Promise<OpenKernelRuntime>
}

const CALLS = new Set(['import-kernel', 'kernel-fault', 'link-kernel', 'worker-call'])

/** A run's way to its kernels. Most agents have none: what they need is read when the first one asks. */
export class LazyKernelRuntime {
  readonly #options: LazyKernelRuntimeOptions
  #runtime: KernelRuntime | undefined
  #opening: Promise<KernelRuntime> | undefined
  /** Calls that wait for the desk to open. */
  #waiting = 0

  constructor(options: LazyKernelRuntimeOptions) {
    this.#options = options
  }

  /** Whether a call of the guest waits for a kernel. */
  get waiting(): boolean {
    return this.#waiting > 0 || this.#runtime?.waiting === true
  }

  /** Whether a kernel is at work in another thread. */
  get busy(): boolean {
    return this.#runtime?.busy === true
  }

  /** Pages of memory of all kernels. */
  get pages(): number {
    return this.#runtime?.pages ?? 0
  }

  /** Gets ready for kernels: an agent that imports some does so without waiting. */
  open(): Promise<KernelRuntime> {
    this.#opening ??= this.#options.load().then((openRuntime) => {
      this.#runtime = openRuntime(this.#options)
      return this.#runtime
    })
    return this.#opening
  }

  /**
   * Resolves when all kernels are linked that the module has declared, or a state names.
   *
   * @throws KernelError
   */
  async takeUp(kernels: Notes['kernels'] = []): Promise<void> {
    const runtime = kernels.length === 0 ? this.#runtime : await this.open()
    await runtime?.takeUp(kernels)
  }

  /** @returns whether it was a call about kernels */
  readonly onHostCall = (...host: Parameters<HostCall>): boolean => {
    const [name, call] = host
    if (!CALLS.has(name)) return false
    if (this.#runtime !== undefined) this.#runtime.onHostCall(...host)
    else if (name === 'link-kernel') void this.#openFor(host)
    else this.#options.settle(call, false, { text: NO_KERNELS })
    return true
  }

  readonly kernelCall: KernelCall = (...call) => this.#runtime?.kernelCall(...call) === true

  onAnswer(request: number, answer: Uint8Array | KernelError): void {
    this.#runtime?.onAnswer(request, answer)
  }

  /** What travels; only where there is any, since most states are small. */
  notes(): Pick<Notes, 'kernels' | 'held'> {
    const [kernels, held] = [this.#runtime?.notes() ?? [], this.#runtime?.held ?? []]
    return { ...(kernels.length > 0 && { kernels }), ...(held.length > 0 && { held }) }
  }

  /** The agent stays after all: it is given what was held for it. */
  release(): void {
    this.#runtime?.release()
  }

  close(): void {
    this.#runtime?.close()
  }

  async #openFor(host: Parameters<HostCall>): Promise<void> {
    this.#waiting++
    const runtime = await this.open()
    this.#waiting--
    runtime.onHostCall(...host)
  }
}

const NO_KERNELS = JSON.stringify({ code: 'KERNEL_UNKNOWN', message: 'the bundle has no kernels' })
