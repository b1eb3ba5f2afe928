import type { ClientTrustDomain } from '../client/trust-domain.ts'
import type { LandingPlace } from '../relay/landing-place.ts'

/** What a place is made of. */
export type PlaceKind = 'tasklet' | 'thread' | 'process' | 'region'

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

/** A place that agents can land in. */
export interface OpenPlace extends LandingPlace, AsyncDisposable {
  readonly kind: PlaceKind
}
