import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { parseJson } from '../../encoding/json.ts'
import type { Failure } from './runtime/describe-failure.ts'

/** An event for the runtime. */
export interface RuntimeEvent {
  readonly requestId: string
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number
  readonly functionArn: string
  readonly traceId: string
  /** ASCII JSON, because it is sent in a header. */
  readonly clientContext: string | undefined
  readonly payload: Uint8Array
}

/** An answer that the runtime is sending. */
export interface RuntimeResponse {
  /** Whether the runtime streams (`Lambda-Runtime-Function-Response-Mode: streaming`). */
  readonly streaming: boolean
  readonly contentType: string
  readonly body: AsyncIterable<Uint8Array>
  /** The failure in the trailers, which are known only after the body. */
  failure(): Failure | undefined
}

/** Listens to the runtime. Calls about other events than the current one are not reported. */
export interface RuntimeListener {
  /** The runtime is initialised, has finished the previous event, and waits for the next one. */
  onReady(): void
  /** The runtime sends an answer. @returns whether it was accepted; otherwise the runtime gets 413 */
  onResponse(response: RuntimeResponse): Promise<boolean>
  onFailure(failure: Failure): void
  onInitFailure(failure: Failure): void
}

/** The Runtime API of one instance (AWS Lambda Runtime API, version 2018-06-01). */
export interface RuntimeApi {
  /** `host:port`, for AWS_LAMBDA_RUNTIME_API. */
  readonly address: string
  /** Passes an event to the waiting runtime. Call it once after `onReady`. */
  hand(event: RuntimeEvent): void
  close(): void
}

interface Route {
  readonly method: string
  readonly path: RegExp
  readonly serve: (call: IncomingMessage, reply: ServerResponse) => unknown
}

export async function createRuntimeApi(listener: RuntimeListener): Promise<RuntimeApi> {
  let waiting: ServerResponse | undefined
  let current: string | undefined

  const routes: readonly Route[] = [
    { method: 'GET', path: /^\/invocation\/next$/, serve: (_, reply) => park(reply) },
    { method: 'POST', path: /^\/invocation\/([^/]+)\/response$/, serve: takeResponse },
    { method: 'POST', path: /^\/invocation\/([^/]+)\/error$/, serve: takeFailure },
    { method: 'POST', path: /^\/init\/error$/, serve: takeInitFailure },
  ]
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 }, dispatch)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  function dispatch(call: IncomingMessage, reply: ServerResponse): void {
    const path = call.url?.match(/^\/2018-06-01\/runtime(\/.*)$/)?.[1] ?? ''
    const route = routes.find((one) => one.method === call.method && one.path.test(path))
    const requestId = route?.path.exec(path)?.[1] ?? current
    if (route === undefined) answer(reply, 404, { errorType: 'NotFound', errorMessage: `no such path: ${path}` })
    else if (requestId !== current)
      answer(reply, 400, { errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' })
    else Promise.resolve(route.serve(call, reply)).catch(() => reply.destroy())
  }
  function park(reply: ServerResponse): void {
    waiting = reply
    current = undefined
    listener.onReady()
  }
  async function takeResponse(call: IncomingMessage, reply: ServerResponse): Promise<void> {
    const taken = await listener.onResponse(describeResponse(call))
    if (taken) answer(reply, 202, { status: 'OK' })
    else
      answer(reply, 413, { errorType: 'RequestEntityTooLarge', errorMessage: 'Exceeded maximum allowed payload size' })
  }
  async function takeFailure(call: IncomingMessage, reply: ServerResponse): Promise<void> {
    listener.onFailure(parseFailure(await text(call), errorType(call)))
    answer(reply, 202, { status: 'OK' })
  }
  async function takeInitFailure(call: IncomingMessage, reply: ServerResponse): Promise<void> {
    listener.onInitFailure(parseFailure(await text(call), errorType(call)))
    answer(reply, 202, { status: 'OK' })
  }
  return {
    address: `127.0.0.1:${port}`,
    hand(event) {
      current = event.requestId
      waiting?.writeHead(200, eventHeaders(event)).end(event.payload)
      waiting = undefined
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function answer(reply: ServerResponse, status: number, body: Readonly<Record<string, string>>): void {
  const json = JSON.stringify(body)
  reply.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) }).end(json)
}

function eventHeaders(event: RuntimeEvent): Record<string, string> {
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(event.payload.length),
    'Lambda-Runtime-Aws-Request-Id': event.requestId,
    'Lambda-Runtime-Deadline-Ms': String(event.deadlineMs),
    'Lambda-Runtime-Invoked-Function-Arn': event.functionArn,
    'Lambda-Runtime-Trace-Id': event.traceId,
  }
  if (event.clientContext === undefined) return headers
  return { ...headers, 'Lambda-Runtime-Client-Context': event.clientContext }
}

function describeResponse(call: IncomingMessage): RuntimeResponse {
  return {
    streaming: call.headers['lambda-runtime-function-response-mode'] === 'streaming',
    contentType: call.headers['content-type'] ?? 'application/octet-stream',
    body: call,
    failure() {
      const type = call.trailers['lambda-runtime-function-error-type']
      const body = call.trailers['lambda-runtime-function-error-body'] ?? ''
      return type === undefined ? undefined : parseFailure(Buffer.from(body, 'base64').toString(), type)
    },
  }
}

function errorType(call: IncomingMessage): string {
  const type = call.headers['lambda-runtime-function-error-type']
  return typeof type === 'string' ? type : 'Runtime.Unknown'
}

/** Parses a failure. A body that does not have the documented shape becomes a failure without a message. */
function parseFailure(body: string, type: string): Failure {
  const parsed = parseJson(body)
  return isFailure(parsed) ? parsed : { errorType: type, errorMessage: '' }
}

function isFailure(value: unknown): value is Failure {
  const { errorType, errorMessage } = (value ?? {}) as Record<string, unknown>
  return typeof errorType === 'string' && typeof errorMessage === 'string'
}
