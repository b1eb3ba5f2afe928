import type { ClientRequest } from 'node:http'
import { Writable } from 'node:stream'
import type { RuntimeClient } from './client.ts'
import { describeFailure, RuntimeFailure, typeHeader } from './describe-failure.ts'
import type { Handler } from './load-handler.ts'

/** Marks a streaming handler. It is the symbol of AWS's runtime, so that bundled wrappers work. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')

/** The content type and the separator of a stream that starts with an HTTP status and headers. */
const HTTP_RESPONSE_TYPE = 'application/vnd.awslambda.http-integration-response'
const HTTP_PRELUDE_END = Buffer.alloc(8)

/**
 * The answer of a streaming handler. Each chunk is sent when it is written, with backpressure. The response is opened with
 * the first byte; an error before that is reported like that of a buffered handler.
 */
export class ResponseStream extends Writable {
  readonly #client: RuntimeClient
  readonly #requestId: string
  #contentType = 'application/octet-stream'
  #prelude: Buffer | undefined
  #settling = false
  #open: { readonly request: ClientRequest; readonly answered: Promise<void> } | undefined

  constructor(client: RuntimeClient, requestId: string) {
    super({ highWaterMark: 64 * 1024 })
    this.#client = client
    this.#requestId = requestId
  }

  /** Sets the content type. @throws RuntimeFailure `Runtime.InvalidStreamingOperation` after the first byte was sent */
  setContentType(contentType: string): void {
    if (this.#open !== undefined)
      throw new RuntimeFailure('InvalidStreamingOperation', 'the content type must be set before the first write')
    this.#contentType = contentType
  }

  /** Sends an HTTP status and headers before the first byte. */
  beginWithHttp(prelude: unknown): void {
    this.setContentType(HTTP_RESPONSE_TYPE)
    this.#prelude = Buffer.concat([Buffer.from(JSON.stringify(prelude)), HTTP_PRELUDE_END])
  }

  /** Closes the response, with an error in the trailers if there is one. @returns `false` if no byte was sent */
  async finish(error?: unknown): Promise<boolean> {
    if (this.#open === undefined) return false
    const { request, answered } = this.#open
    this.#settling = true
    request.socket?.ref()
    if (error !== undefined) {
      const failure = describeFailure(error)
      request.addTrailers({
        'Lambda-Runtime-Function-Error-Type': typeHeader(failure),
        'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(failure)).toString('base64'),
      })
    }
    request.end()
    await answered
    return true
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#request().write(chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#request()
    done()
  }

  #request(): ClientRequest {
    if (this.#open === undefined) {
      this.#open = this.#client.stream(this.#requestId, this.#contentType)
      this.#open.answered.catch((error: Error) => this.destroy(error))
      // An open response must not keep the process alive, so that a stream that is never ended is detected.
      this.#open.request.once('socket', (socket) => this.#settling || socket.unref())
      if (this.#prelude !== undefined) this.#open.request.write(this.#prelude)
    }
    return this.#open.request
  }
}

/** The value of `globalThis.awslambda`, which bundled code uses. */
export const awslambda = {
  streamifyResponse(handler: Handler): Handler {
    return Object.assign(handler, { [STREAMING]: 'response' })
  },
  HttpResponseStream: {
    from(stream: ResponseStream, prelude: unknown): ResponseStream {
      stream.beginWithHttp(prelude)
      return stream
    },
  },
}

export function isStreaming(handler: Handler): boolean {
  return (handler as { [STREAMING]?: unknown })[STREAMING] === 'response'
}
