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

/** The progress of a run, measured by the host and rounded. `fraction` is absent unless the agent reports it. */
export interface Progress {
  readonly bytesRead: number
  readonly objects: number
  readonly fraction?: number
  /** The engine's memory in whole MiB. Absent while it is small. */
  readonly memoryBytes?: number
}

/**
 * Provides the binaries of a run's kernels. Every binary has passed the structure check. Both methods throw a
 * {@link KernelError} that the author may read.
 */
export interface KernelSupply {
  /**
   * The binary of one of the bundle's own kernels.
   *
   * @param name the name of its entries, without `.wasm`, `.c` or `.as.ts`
   * @throws KernelError `KERNEL_UNKNOWN`, `KERNEL_COMPILE_FAILED`, `KERNEL_MALFORMED`, …
   */
  byName(name: string): Promise<Uint8Array>
  /**
   * Compiles source that the agent made at run time.
   *
   * @throws KernelError `KERNEL_NOT_ALLOWED` unless the manifest has `compiles`, `KERNEL_COMPILE_FAILED`, …
   */
  compile(source: string, language: KernelLanguage): Promise<Uint8Array>
}

/** One run: a verified bundle, its input, and the objects that it may read. */
export interface Job {
  readonly bundle: VerifiedBundle
  /**
   * `run` calls the agent's function with the input. `merge` calls its merge function with an array of results.
   * `resume` restores an agent that has left another place.
   */
  readonly entry: 'run' | 'merge' | 'resume'
  /** JSON text. */
  readonly input: string
  readonly context: AgentContext
  /** The scopes whose buckets lie in this place: what `here` lists. */
  readonly scopes: readonly Scope[]
  /** The objects, already narrowed to those scopes. */
  readonly store: ObjectStore
  /** The binaries of the agent's kernels. @default the agent can't use kernels here */
  readonly kernels?: KernelSupply
  /** The time that the agent sees when it starts: milliseconds since 1970. */
  readonly now: number
  /** The state of the agent, for the entry `resume`. */
  readonly arrival?: Arrival
  /** New messages for the agent. Its state contains the unread ones. @default nobody sends messages to this agent */
  readonly messages?: readonly Message[]
  readonly onProgress?: (progress: Progress) => void
  /** Called with each message of the agent at once. @default the messages are part of the result */
  readonly onSend?: (message: SentMessage) => void
  /**
   * Saves a checkpoint: the run so far, as if the agent had departed for its own place. The agent waits until the
   * promise resolves, and is stopped if it rejects. @default checkpoints have no effect
   */
  readonly onCheckpoint?: (soFar: JobResult) => Promise<void>
  /** Ends the run. */
  readonly signal?: AbortSignal
  /** Evicts the agent: it departs as soon as it waits for something, and continues in a new landing. */
  readonly evict?: AbortSignal
}

/** The state of an agent that resumes here. */
export interface Arrival extends Resume {
  /** Its snapshot. */
  readonly state: Uint8Array
  /** What its mission has used of its limits so far. */
  readonly spent: Limits
}

/** A message that an agent sent. */
export interface SentMessage {
  /** The recipient: the name of another agent of the same launcher, or `launcher`. */
  readonly to: string
  /** JSON text. */
  readonly body: string
}

/** The result of a job. Failures of the agent are values; only misuse of the sandbox throws. */
export interface JobResult {
  readonly outcome: Outcome | Departure
  readonly usage: Usage
  readonly logs: readonly string[]
  /** Messages the agent sent. @default none */
  readonly sent?: readonly SentMessage[]
  /** Every object version that was read, with the number of bytes. */
  readonly reads: readonly ObjectRead[]
}

export interface ObjectRead extends ObjectStat {
  readonly bytesRead: number
}

/** Isolates agents: each runs in an engine instance, in a thread, in a child process. */
export interface Sandbox extends AsyncDisposable {
  run(job: Job): Promise<JobResult>
}
