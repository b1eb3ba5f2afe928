import type { LandingPlace } from '../relay/landing-place.ts'

/** What a place is made of. */
export type PlaceKind = 'tasklet' | 'thread' | 'process' | 'region'

/** A place that agents can land in. Dispose it: it may hold a process. */
export interface OpenPlace extends LandingPlace, AsyncDisposable {
  readonly kind: PlaceKind
}
