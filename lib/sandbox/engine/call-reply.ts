/** What a call is settled with. Both absent: there is nothing (more). */

export interface Reply {
  readonly text?: string
  readonly bytes?: Uint8Array
}
