/** What passes between the executor's main thread and this one. */

export interface ThreadMessage<Header> {
  readonly header: Header
  readonly body: Uint8Array
}
