import type { KernelError } from '../../errors.ts'
import type { HostCall, KernelCall } from '../engine/machine.ts'
import type { Notes } from '../wire/snapshot.ts'
import type { KernelRuntime, KernelRuntimeOptions } from './kernels/runtime.ts'

/** Makes the kernel runtime of a run. */
export type OpenKernelRuntime = (options: KernelRuntimeOptions) => KernelRuntime

export interface LazyKernelRuntimeOptions extends KernelRuntimeOptions {
  /** Loads the file with the code for kernels. */
  readonly load: () => Promise<OpenKernelRuntime>
}

const CALLS = new Set(['import-kernel', 'kernel-fault', 'link-kernel', 'worker-call'])

/** The kernels of a run. The code for them is loaded on first use, since most agents have no kernels. */
export class LazyKernelRuntime {
  readonly #options: LazyKernelRuntimeOptions
  #runtime: KernelRuntime | undefined
  #opening: Promise<KernelRuntime> | undefined
  /** The calls that wait for the code to load. */
  #waiting = 0

  constructor(options: LazyKernelRuntimeOptions) {
    this.#options = options
  }

  /** Whether a call of the guest waits for a kernel. */
  get waiting(): boolean {
    return this.#waiting > 0 || this.#runtime?.waiting === true
  }

  /** Whether a kernel is running in another thread. */
  get busy(): boolean {
    return this.#runtime?.busy === true
  }

  /** The memory of all kernels, in pages. */
  get pages(): number {
    return this.#runtime?.pages ?? 0
  }

  /** Loads the code for kernels. An agent whose bundle has kernels can then import them without waiting. */
  open(): Promise<KernelRuntime> {
    this.#opening ??= this.#options.load().then((openRuntime) => {
      this.#runtime = openRuntime(this.#options)
      return this.#runtime
    })
    return this.#opening
  }

  /**
   * Links the kernels that the module has declared and those of a snapshot.
   *
   * @throws KernelError
   */
  async takeUp(kernels: Notes['kernels'] = []): Promise<void> {
    const runtime = kernels.length === 0 ? this.#runtime : await this.open()
    await runtime?.takeUp(kernels)
  }

  /** Handles a host call if it concerns kernels. @returns whether it did */
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

  /** What travels with the agent. Empty for most agents. */
  notes(): Pick<Notes, 'kernels' | 'held'> {
    const [kernels, held] = [this.#runtime?.notes() ?? [], this.#runtime?.held ?? []]
    return { ...(kernels.length > 0 && { kernels }), ...(held.length > 0 && { held }) }
  }

  /** Settles the held answers, because the agent stays after all. */
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
