import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { giveBack, SlabReader } from '../slabs.ts'
import { joinChunks, parseHead, type ResponseHead } from './response-head.ts'

export interface DirectAnswer {
  readonly head: ResponseHead
  readonly body: Readable
}

export interface DirectConnectionOptions {
  readonly host: string
  readonly port: number
  readonly connectTimeoutMs: number
  /** How long it may be silent in the middle of an answer, and wait for the next request. */
  readonly idleTimeoutMs: number
  /** Called when an answer is complete and the connection may be used again. */
  readonly onIdle: () => void
}

const END_OF_HEAD = '\r\n\r\n'
/** Bytes of a head, or of an error that comes in chunks. */
const MAX_GATHERED_BYTES = 64 * 1024
/** Bytes of a body that wait for a reader who has paused; then the connection pauses too. */
const WAITING_BYTES = 2 ** 20

/**
 * A connection that asks for one thing at a time, and hands its body on as it lies in the memory the system has read it
 * into; {@link giveBack} lets that serve again. Node's own client copies every piece into new memory.
 */
export class DirectConnection {
  readonly #onIdle: () => void
  readonly #socket: Socket
  readonly #slabs = new SlabReader()
  #answer: { resolve(answer: DirectAnswer | undefined): void; reject(error: unknown): void } | undefined
  /** What has come of an answer before its body. */
  #gathered: Buffer | undefined
  #body: Readable | undefined
  /** Bytes of the body that are still to come. */
  #left = 0
  #reusable = true
  #error: Error | undefined

  constructor({ host, port, connectTimeoutMs, idleTimeoutMs, onIdle }: DirectConnectionOptions) {
    this.#onIdle = onIdle
    const onread = { buffer: () => this.#slabs.room(), callback: (length: number) => this.#receive(length) }
    this.#socket = connect({ host, port, noDelay: true, onread })
    this.#socket.setTimeout(connectTimeoutMs, () => this.#socket.destroy(timedOut()))
    this.#socket.on('connect', () => this.#socket.setTimeout(idleTimeoutMs))
    this.#socket.on('error', (error) => {
      this.#error = error
    })
    this.#socket.on('close', () => this.#onClose())
  }

  get closed(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded
  }

  /**
   * Sends a request that has no body. Gives `undefined`, and closes, where the answer is not one that it can read.
   *
   * @param head The request line and the header fields, with the empty line.
   * @throws the system's error, or one named `TimeoutError`
   */
  ask(head: string): Promise<DirectAnswer | undefined> {
    this.#socket.ref()
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject }
      this.#socket.write(head, 'latin1')
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(length: number): boolean {
    const piece = this.#slabs.lend(length)
    if (this.#body !== undefined) this.#pass(piece)
    else if (this.#answer !== undefined) this.#readAnswer(piece)
    else this.close()
    return true
  }

  #readAnswer(piece: Buffer): void {
    const bytes = this.#gathered === undefined ? piece : Buffer.concat([this.#gathered, piece])
    const end = bytes.indexOf(END_OF_HEAD)
    if (end < 0) this.#gather(bytes)
    else this.#readBody(bytes, end + END_OF_HEAD.length, parseHead(bytes.toString('latin1', 0, end)))
  }

  #readBody(bytes: Buffer, start: number, head: ResponseHead | undefined): void {
    if (head === undefined) this.#give(undefined)
    else if (head.length === undefined) this.#readChunks(bytes, start, head)
    else {
      giveBack(bytes.subarray(0, start))
      this.#begin(head, head.length)
      this.#pass(bytes.subarray(start))
    }
  }

  /** Only errors come in chunks, and are gathered whole. */
  #readChunks(bytes: Buffer, start: number, head: ResponseHead): void {
    const body = joinChunks(bytes.subarray(start))
    if (body === 'incomplete') this.#gather(bytes)
    else this.#give(body === 'malformed' ? undefined : { head, body: Readable.from([body]) })
  }

  #gather(bytes: Buffer): void {
    if (bytes.length < MAX_GATHERED_BYTES) this.#gathered = bytes
    else this.#give(undefined)
  }

  /** Answers without a body to wait for end the connection. */
  #give(answer: DirectAnswer | undefined): void {
    this.#gathered = undefined
    this.#answer!.resolve(answer)
    this.#answer = undefined
    if (this.#body === undefined) this.close()
  }

  #begin(head: ResponseHead, length: number): void {
    this.#left = length
    this.#reusable = head.reusable
    const body: Readable = new Readable({
      highWaterMark: WAITING_BYTES,
      read: () => {
        if (this.#body === body && this.#socket.isPaused()) this.#socket.resume()
      },
      destroy: (error, done) => {
        if (this.#body === body) this.close()
        done(error)
      },
    })
    this.#body = body
    this.#give({ head, body })
  }

  #pass(piece: Buffer): void {
    const body = this.#body!
    if (piece.length > this.#left) {
      body.destroy(new Error('more bytes than the answer said'))
      return
    }
    this.#left -= piece.length
    if (piece.length > 0 && !body.push(piece)) this.#socket.pause()
    if (this.#left === 0) this.#finish(body)
  }

  #finish(body: Readable): void {
    this.#body = undefined
    body.push(null)
    if (this.#reusable) {
      this.#socket.resume()
      this.#socket.unref()
      this.#onIdle()
    } else this.close()
  }

  #onClose(): void {
    const error = this.#error ?? Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
    this.#answer?.reject(error)
    this.#answer = undefined
    const body = this.#body
    this.#body = undefined
    body?.destroy(error)
  }
}

function timedOut(): Error {
  return Object.assign(new Error('no byte came in time'), { name: 'TimeoutError' })
}
