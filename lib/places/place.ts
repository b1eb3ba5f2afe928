import type { OpenPlace, PlaceKind } from '../client/open-place.ts'
import type { ClientTrustDomain } from '../client/trust-domain.ts'

/**
 * What hosts an agent: a tasklet, a thread or a process of the client, or a region of a fleet. The places of the client
 * differ in isolation and in the cost of a hop.
 */
export interface Place {
  readonly kind: PlaceKind
  /** The name that agents use, as in `hop('thread')`. */
  readonly name: string
  /** Prepares the place to host agents. */
  open(domain: ClientTrustDomain): OpenPlace
}
