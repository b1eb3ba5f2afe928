/** The result of a guest's call. If both fields are absent, there is nothing more to read. */
export interface CallReply {
  readonly text?: string
  readonly bytes?: Uint8Array
}
