import type { KernelError } from '../../errors.ts'
import type { KernelLanguage } from '../../kernels/language.ts'
import type { Limits } from '../../limits.ts'
import type { ObjectStat, ObjectStore } from '../../objects/store.ts'
import type { Scope } from '../../scope.ts'
import type { Message } from '../../trust/messages.ts'
import type { VerifiedBundle } from '../../trust/verified-bundle.ts'
import type { AgentContext } from './agent-context.ts'
import type { Departure, Outcome, Usage } from './outcome.ts'
import type { Resume } from './resume.ts'

/** Made by the host, quantised; `fraction` only when the agent or the objects' sizes let it be known. */
export interface Progress {
  readonly bytesRead: number
  readonly objects: number
  readonly fraction?: number
  /** What the engine has taken, in whole MiB, once it is worth a word. */
  readonly memoryBytes?: number
}

/**
 * Where a run gets the binaries of its kernels from. Every binary has passed the structure check; both calls throw a
 * {@link KernelError} that is the author's to read.
 */
export interface KernelSupply {
  /**
   * The binary of one of the bundle's own kernels.
   *
   * @param name that of its entries, without `.wasm`, `.c` or `.as.ts`
   * @throws KernelError `KERNEL_UNKNOWN`, `KERNEL_COMPILE_FAILED`, `KERNEL_MALFORMED`, …
   */
  byName(name: string): Promise<Uint8Array>
  /**
   * The binary of source that the agent made while it ran.
   *
   * @throws KernelError `KERNEL_NOT_ALLOWED` unless the manifest has `compiles`, `KERNEL_COMPILE_FAILED`, …
   */
  compile(source: string, language: KernelLanguage): Promise<Uint8Array>
}

/** One run: a verified bundle, its input, and the objects it may see. */
export interface Job {
  readonly bundle: VerifiedBundle
  /**
   * `run` calls the agent's function with the input; `merge` calls its merge function with an array of results;
   * `resume` lets an agent go on that is on its way.
   */
  readonly entry: 'run' | 'merge' | 'resume'
  /** JSON text. */
  readonly input: string
  readonly context: AgentContext
  /** The bundle's scopes that lie in this place: what `here` lists. */
  readonly scopes: readonly Scope[]
  /** Already narrowed to those scopes. */
  readonly store: ObjectStore
  /** The binaries of the agent's kernels. @default none: the agent can have no kernel here */
  readonly kernels?: KernelSupply
  /** Milliseconds since 1970 that the agent sees as now when it starts. */
  readonly now: number
  /** What was frozen elsewhere, for the entry `resume`. */
  readonly arrival?: Arrival
  /** Messages for the agent; those of earlier landings come in its state. @default nobody writes to it */
  readonly messages?: readonly Message[]
  readonly onProgress?: (progress: Progress) => void
  /** Takes the agent's messages as they come. @default they are part of the result */
  readonly onSend?: (message: SentMessage) => void
  /**
   * Keeps what a checkpoint has frozen: the run so far, as if the agent had departed to where it is. The agent waits for
   * it, and ends when it rejects. @default a checkpoint keeps nothing
   */
  readonly onCheckpoint?: (soFar: JobResult) => Promise<void>
  /** Ends the run. */
  readonly signal?: AbortSignal
  /** Asks the agent to depart as soon as it waits for something, to be landed anew in the same place. */
  readonly evict?: AbortSignal
}

/** An agent that lands in the middle of its work. */
export interface Arrival extends Resume {
  /** What it was frozen to. */
  readonly state: Uint8Array
  /** What its mission has used of its limits before. */
  readonly spent: Limits
}

/** A message that an agent sent. */
export interface SentMessage {
  /** Whom: another agent of the same launcher by its name, or `launcher`. */
  readonly to: string
  /** JSON text. */
  readonly body: string
}

/** What came of a job. Never thrown: only the host's own misuse throws. */
export interface JobResult {
  readonly outcome: Outcome | Departure
  readonly usage: Usage
  readonly logs: readonly string[]
  /** Messages the agent sent. @default none */
  readonly sent?: readonly SentMessage[]
  /** Every object version that was read, and how much of it. */
  readonly reads: readonly ObjectRead[]
}

export interface ObjectRead extends ObjectStat {
  readonly bytesRead: number
}

/** A wall around the agent: a child process, a thread in it, an engine instance in that. */
export interface Sandbox extends AsyncDisposable {
  run(job: Job): Promise<JobResult>
}
