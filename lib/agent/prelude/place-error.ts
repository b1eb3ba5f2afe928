import { ErrorClass } from './captured.ts'

/** The agent can't move to a place, or a copy of it has been lost. */
export class PlaceError extends ErrorClass {
  override readonly name = 'PlaceError'
  /**
   * `PLACE_UNKNOWN`: the mission may not go there. `PLACE_UNREACHABLE`: the place did not answer, or refused the copy.
   * `HOP_IN_PROGRESS`: the agent is already moving. `COPY_STOPPED`: a copy hit a limit.
   * `FORK_UNJOINED`: a fork without a join, or a join without a fork.
   */
  readonly code: 'PLACE_UNKNOWN' | 'PLACE_UNREACHABLE' | 'HOP_IN_PROGRESS' | 'COPY_STOPPED' | 'FORK_UNJOINED'

  constructor(code: PlaceError['code'], message: string) {
    super(message)
    this.code = code
  }
}
