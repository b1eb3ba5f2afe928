import type { ObjectStore } from '../objects/store.ts'
import type { Scope } from '../scope.ts'

/** A run, as far as its credentials are concerned. */
export interface BrokeredRun {
  readonly mission: string
  /** What it may read in this place. */
  readonly scopes: readonly Scope[]
  /** How long it may take. */
  readonly wallMs: number
}

/** Opens the data of a place to one run, with credentials that are good for nothing else. */
export type Broker = (run: BrokeredRun) => Promise<ObjectStore>
