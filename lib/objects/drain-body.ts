import { addAbortSignal, type Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Deliver } from './parts-in-order.ts'

export interface DrainOptions {
  /** Bytes that the body should have. */
  readonly wanted: number
  readonly deliver: Deliver
  /** Told once how long the first bytes took: all of them, or those before the reader first had enough. */
  readonly observe: (bytes: number, ms: number) => void
  readonly signal: AbortSignal
}

export interface Drained {
  readonly received: number
  readonly failure: unknown
  /** Where the reader kept the body waiting when it ended: its promise of room. */
  readonly held: Promise<void> | undefined
}

/**
 * Passes on at most the `wanted` bytes of a body, as fast as there is room for them. How it ends is a value: breaking
 * off is nothing unusual.
 *
 * Listens rather than iterates: that spares a promise per chunk.
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
    if (received + chunk.length > wanted) return void body.destroy(new Error('more bytes than were asked for'))
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
