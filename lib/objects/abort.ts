import { setMaxListeners } from 'node:events'

/**
 * Calls `act` with the reason when `signal` aborts, or now if it has aborted.
 *
 * @returns a function that stops listening; call it when the work is done
 */
export function onAbort(signal: AbortSignal | undefined, act: (reason: unknown) => void): () => void {
  if (!signal) return () => {}
  const listener = () => act(signal.reason)
  if (signal.aborted) listener()
  // One signal may guard many reads at once. That is not a leak, so Node must not warn about many listeners.
  else setMaxListeners(0, signal)
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/** The result of `work`, or a rejection with the signal's reason as soon as it aborts. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = onAbort(signal, reject)
  })
  return Promise.race([work, aborted]).finally(() => stop())
}
