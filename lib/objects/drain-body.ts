import { addAbortSignal, type Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Deliver } from './parts-in-order.ts'

export interface DrainOptions {
  /** How many bytes the body should have. */
  readonly wanted: number
  readonly deliver: Deliver
  /** Called once, with the bytes that arrived before the first pause (or all of them) and their milliseconds. */
  readonly observe: (bytes: number, ms: number) => void
  readonly signal: AbortSignal
}

export interface Drained {
  readonly received: number
  readonly failure: unknown
  /** If the body ended while it was paused for the reader: the promise that resolves when the reader has room. */
  readonly held: Promise<void> | undefined
}

/**
 * Delivers at most the `wanted` bytes of a body, with backpressure. A failure is part of the result and not thrown,
 * because broken connections are usual and the caller resumes.
 *
 * It listens to events instead of iterating, which saves a promise for each chunk.
 */
export async function drainBody(body: Readable, options: DrainOptions): Promise<Drained> {
  const { wanted, deliver, signal } = options
  const observe = once(options.observe)
  const begun = performance.now()
  let received = 0
  let held: Promise<void> | undefined
  const hold = (room: Promise<void>) => {
    observe(received, performance.now() - begun)
    body.pause()
    held = room
    void room.then(() => {
      held = undefined
      body.resume()
    })
  }
  body.on('data', (chunk: Uint8Array) => {
    if (received + chunk.length > wanted) return void body.destroy(new Error('the body has more bytes than requested'))
    received += chunk.length
    const room = deliver(chunk)
    if (room && received < wanted) hold(room)
  })
  addAbortSignal(signal, body)
  const failure = await finished(body).catch((error: unknown) => error)
  observe(received, performance.now() - begun)
  return { received, failure, held }
}

function once<Args extends unknown[]>(act: (...args: Args) => void): (...args: Args) => void {
  let done = false
  return (...args) => {
    if (!done) act(...args)
    done = true
  }
}
