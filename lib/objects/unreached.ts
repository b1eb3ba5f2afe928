/** Why a service was not reached, and what helps. Messages of the SDK are left out: they may quote credentials. */
export interface Unreached {
  /** A clause that goes on after a colon. */
  readonly why: string
  readonly remedy: string
}
