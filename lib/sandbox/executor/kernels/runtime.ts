/** Everything about the kernels of one run. Runs without kernels don't load this file. */
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
  /** Whether the agent may use code that is not in its bundle. */
  readonly compiles: boolean
  /** The memory limit for engine and kernels together, in pages; and the memory of the engine. */
  readonly memoryPages: number
  readonly enginePages: () => number
  /** Called when the limit is exceeded. */
  readonly onMemory: () => void
  /** Whether the place evicts the agent. Answers then travel with it. */
  readonly evicting: () => boolean
  /** Called after an answer, so that the run checks what the guest does next. */
  readonly resume: () => void
  /** Idle threads for kernels. */
  readonly idleWorkers: IdleWorkers
}

/** The kernels of one run, as the run sees them. */
export interface KernelRuntime {
  /** Whether a call of the guest waits for a kernel. */
  readonly waiting: boolean
  /** Whether a worker is running a kernel, which may never end. */
  readonly busy: boolean
  /** The memory of all kernels, in pages. */
  readonly pages: number
  /** Answers that travel with the agent. */
  readonly held: readonly HeldAnswer[]
  onHostCall(...call: Parameters<HostCall>): void
  readonly kernelCall: KernelCall
  /** Links the kernels that the module has declared and those of a snapshot. @throws KernelError */
  takeUp(notes: readonly KernelNote[]): Promise<void>
  notes(): KernelNote[]
  /** Receives the sandbox's answer to a request for a binary. */
  onAnswer(request: number, answer: Uint8Array | KernelError): void
  /** Settles the held answers. */
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
