import type { ObjectStore } from '../objects/store.ts'
import type { Scope } from '../scope.ts'

/** The run that credentials are issued for. */
export interface BrokeredRun {
  readonly mission: string
  /** What the run may read in this place. */
  readonly scopes: readonly Scope[]
  /** How long the run may take. */
  readonly wallMs: number
}

/** Opens the data of a place for one run, with credentials that grant nothing else. */
export type Broker = (run: BrokeredRun) => Promise<ObjectStore>
