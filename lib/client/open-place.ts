/** What a place is made of. */

import type { LandingPlace } from '../relay/landing-place.ts'

export type PlaceKind = 'tasklet' | 'thread' | 'process' | 'region'
/** A place that agents can land in. */

export interface OpenPlace extends LandingPlace, AsyncDisposable {
  readonly kind: PlaceKind
}
