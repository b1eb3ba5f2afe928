import type { ObjectStat, ObjectStore } from '../objects/store.ts'
import type { Scope } from '../scope.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import type { Outcome, Usage } from './outcome.ts'

/** What the agent learns about where it is. */
export interface AgentContext {
  readonly mission: string
  readonly fleet: string
  /** Where the agent is; `'home'` on the caller's own machine. */
  readonly region: string
  /** Every region of this mission, in the order's order. */
  readonly regions: readonly string[]
}

/** Made by the host, quantised; `fraction` only when the agent or the objects' sizes let it be known. */
export interface Progress {
  readonly bytesRead: number
  readonly objects: number
  readonly fraction?: number
}

/** One run: a verified bundle, its input, and the objects it may see. */
export interface Job {
  readonly bundle: VerifiedBundle
  /** `run` calls the agent's function with the input; `merge` calls its merge function with an array of results. */
  readonly entry: 'run' | 'merge'
  /** JSON text. */
  readonly input: string
  readonly context: AgentContext
  /** The bundle's scopes that lie in this place: what `here` lists. */
  readonly scopes: readonly Scope[]
  /** Already narrowed to those scopes. */
  readonly store: ObjectStore
  /** Milliseconds since 1970 that the agent sees as now when it starts. */
  readonly now: number
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/** What came of a job. Never thrown: only the host's own misuse throws. */
export interface JobResult {
  readonly outcome: Outcome
  readonly usage: Usage
  readonly logs: readonly string[]
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
