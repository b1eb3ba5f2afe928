import type { KernelLibrary } from '../kernels/library.ts'
import type { ObjectStore } from '../objects/store.ts'
import type { Sandbox } from '../sandbox/contract/job.ts'
import type { Admission } from './admit.ts'
import type { BoundaryCodec } from './boundary-codec.ts'
import type { Broker } from './broker.ts'
import type { RegionOf } from './bucket-region.ts'
import type { ReceiptKeys } from './receipts.ts'
import type { SecretSource } from './secret-source.ts'

/** Everything a place needs to take in agents. */

export interface HostOptions extends Admission {
  readonly sandbox: Sandbox
  /** The data of this place, before it is narrowed to one run. */
  readonly data: ObjectStore
  /** Where a bucket lies, so that a run sees only what is here. */
  readonly regionOf: RegionOf
  /** Gives each run credentials of its own. @default none: all runs share `data`, behind the same scopes */
  readonly broker?: Broker
  /** Signs a receipt for every run. @default none are made: home belongs to no fleet */
  readonly receipts?: ReceiptKeys
  /** Opens and seals the state of agents that hop. @default none: no agent comes or goes in the middle of its work */
  readonly secret?: SecretSource
  /** Seals and opens what comes from, or goes to, the sender's own places. @default nothing does */
  readonly codec?: BoundaryCodec
  /** Turns kernels that come as source into binaries. @default nothing does: they come as binaries */
  readonly kernels?: KernelLibrary
  /** Told of faults that are nobody's but ours; the caller learns only that there was one. @default none */
  readonly report?: (error: unknown) => void
}
