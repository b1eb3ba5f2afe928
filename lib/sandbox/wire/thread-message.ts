/** A message between the executor's main thread and the thread that runs agents. */
export interface ThreadMessage<Header> {
  readonly header: Header
  readonly body: Uint8Array
}
