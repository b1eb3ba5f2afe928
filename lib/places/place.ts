import type { OpenPlace, PlaceKind } from '../client/open-place.ts'
import type { ClientTrustDomain } from '../client/trust-domain.ts'

/**
 * Where an agent may live. The first three are the sender's own, on this machine; they differ in the wall around the
 * agent, and in what a hop there costs. A region is a fleet's.
 */
export interface Place {
  readonly kind: PlaceKind
  /** What agents call it: `hop('thread')`. */
  readonly name: string
  /** Makes it ready. */
  open(domain: ClientTrustDomain): OpenPlace
}
