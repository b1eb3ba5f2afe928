/** Everything about kernels in one run. A file of its own, which a run without kernels does not even read. */
import type { KernelError } from '../../../errors.ts'
import type { HostCall, KernelCall } from '../../engine/machine.ts'
import type { HeldAnswer } from '../../wire/held-answer.ts'
import type { KernelNote } from '../../wire/kernel-source.ts'
import type { Chunks } from '../chunks.ts'
import type { IdleWorkers } from '../idle-workers.ts'
import type { Send, Settle } from '../send.ts'
import { Binaries } from './binaries.ts'
import { KernelCalls } from './kernel-calls.ts'
import { Kernels } from './kernels.ts'
import { WorkerCalls } from './worker-calls.ts'
import { WorkerPool } from './worker-pool.ts'

export interface KernelRuntimeOptions {
  readonly send: Send
  readonly settle: Settle
  readonly chunks: Chunks
  /** Whether the agent may bring code that its bundle does not have. */
  readonly compiles: boolean
  /** Pages of memory that engine and kernels may take together, and that the engine takes. */
  readonly memoryPages: number
  readonly enginePages: () => number
  /** Kernels have grown beyond the limit. */
  readonly onMemory: () => void
  /** Whether the place wants the agent to go: what is answered now has to travel. */
  readonly evicting: () => boolean
  /** The guest is to be looked after: something has been answered, or will be where it lands. */
  readonly resume: () => void
  /** Threads for lanes. */
  readonly idleWorkers: IdleWorkers
}

/** The kernels of one run, as the run sees them. */
export interface KernelRuntime {
  /** Whether a call of the guest waits for a kernel. */
  readonly waiting: boolean
  /** Whether a lane is at work: with a kernel, maybe, that never ends. */
  readonly busy: boolean
  /** Pages of memory of all kernels. */
  readonly pages: number
  /** Answers that travel with the agent. */
  readonly held: readonly HeldAnswer[]
  onHostCall(...call: Parameters<HostCall>): void
  readonly kernelCall: KernelCall
  /** Links what the module has declared, and what a state names. @throws KernelError */
  takeUp(notes: readonly KernelNote[]): Promise<void>
  notes(): KernelNote[]
  /** The sandbox has sent what a kernel needs, or says why it can't. */
  onAnswer(request: number, answer: Uint8Array | KernelError): void
  /** Gives the guest what is held for it. */
  release(): void
  close(): void
}

export function openKernelRuntime(options: KernelRuntimeOptions): KernelRuntime {
  const { send, compiles, chunks, idleWorkers } = options
  const binaries = new Binaries(send, compiles)
  const kernels: Kernels = new Kernels({
    ...options,
    binaries,
    workerPages: () => workers.pages,
  })
  const workers = new WorkerPool({ idle: idleWorkers, onPages: kernels.admitPages })
  const calls = new KernelCalls({ ...options, kernels, workers: new WorkerCalls(kernels, chunks, workers) })
  return {
    get waiting() {
      return calls.waiting
    },
    get busy() {
      return workers.busy
    },
    get pages() {
      return kernels.pages
    },
    get held() {
      return calls.held
    },
    release: () => calls.release(),
    onHostCall: calls.onHostCall,
    kernelCall: (...call) => kernels.call(...call),
    takeUp: (notes) => kernels.takeUp(notes),
    notes: () => kernels.notes(),
    onAnswer: (...answer) => binaries.onAnswer(...answer),
    close: () => workers.close(),
  }
}
