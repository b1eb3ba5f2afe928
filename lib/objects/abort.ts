import { setMaxListeners } from 'node:events'

/**
 * Calls `act` with the reason once `signal` aborts, at once if it has.
 *
 * @returns Stops listening; call it when the work is done.
 */
export function onAbort(signal: AbortSignal | undefined, act: (reason: unknown) => void): () => void {
  if (!signal) return () => {}
  const listener = () => act(signal.reason)
  if (signal.aborted) listener()
  // One signal may guard any number of reads at once: that is no leak, so Node should not warn of one.
  else setMaxListeners(0, signal)
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/** Settles as `work` does, but rejects with the signal's reason as soon as it aborts. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = onAbort(signal, reject)
  })
  return Promise.race([work, aborted]).finally(() => stop())
}
