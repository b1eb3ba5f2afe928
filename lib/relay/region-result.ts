import type { WireError } from '../errors.ts'
import type { LandingResult } from '../host/landing-result.ts'
import type { LostLanding, RouteStep } from './relay.ts'

/** What became of the agent that started in a region: its landing result, or the error that kept it from one. */

export interface RegionResult {
  /** Where it started; where it ended is in the landing result. */
  readonly region: string
  readonly landingResult?: LandingResult
  readonly error?: WireError
  /** Its landings, and those of its copies, in the order in which they ended. Absent for a run on the client. */
  readonly route?: readonly RouteStep[]
  /** Places that died, or fell silent, while the agent was there. */
  readonly lost?: readonly LostLanding[]
  /** Bytes of bundle, order, input, states and answers that crossed links. */
  readonly bytesMoved: number
  /** From the first byte sent to the last received. */
  readonly seconds: number
}
