import { ErrorClass } from './captured.ts'

/** A place can't be reached, or may not be. */
export class PlaceError extends ErrorClass {
  override readonly name = 'PlaceError'
  /**
   * `PLACE_UNKNOWN`: the mission may not go there. `PLACE_UNREACHABLE`: nobody answered, or the place refused.
   * `HOP_IN_PROGRESS`: the agent is on its way already. `COPY_STOPPED`: a copy hit a limit.
   * `FORK_UNJOINED`: a fork without a join, or a join without a fork.
   */
  readonly code: 'PLACE_UNKNOWN' | 'PLACE_UNREACHABLE' | 'HOP_IN_PROGRESS' | 'COPY_STOPPED' | 'FORK_UNJOINED'

  constructor(code: PlaceError['code'], message: string) {
    super(message)
    this.code = code
  }
}
