import type { KernelLibrary } from '../kernels/library.ts'
import type { ObjectStore } from '../objects/store.ts'
import type { Sandbox } from '../sandbox/contract/job.ts'
import type { Admission } from './admit.ts'
import type { BoundaryCodec } from './boundary-codec.ts'
import type { Broker } from './broker.ts'
import type { RegionOf } from './bucket-region.ts'
import type { ReceiptKeys } from './receipts.ts'
import type { SecretSource } from './secret-source.ts'

/** Everything that a place needs to run agents. */
export interface HostOptions extends Admission {
  readonly sandbox: Sandbox
  /** The data of this place. The host narrows it to the scopes of each run. */
  readonly data: ObjectStore
  /** Finds the region of a bucket, so that a run sees only the objects of this region. */
  readonly regionOf: RegionOf
  /** Issues credentials for each run. @default all runs share `data`, narrowed to their scopes */
  readonly broker?: Broker
  /** Signs a receipt for every run. @default no receipts: a client place belongs to no fleet */
  readonly receipts?: ReceiptKeys
  /** Opens and seals the states of agents that hop. @default agents can neither arrive nor leave during their work */
  readonly secret?: SecretSource
  /** Seals and opens states that cross the boundary to client places. @default no state crosses it */
  readonly codec?: BoundaryCodec
  /** Compiles kernels that come as source. @default bundles must contain binaries */
  readonly kernels?: KernelLibrary
  /** Called with internal errors. The caller learns only that there was one. @default none */
  readonly report?: (error: unknown) => void
}
