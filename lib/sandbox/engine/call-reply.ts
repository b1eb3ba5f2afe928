/** What a call is settled with. Both absent: there is nothing (more). */

export interface CallReply {
  readonly text?: string
  readonly bytes?: Uint8Array
}
