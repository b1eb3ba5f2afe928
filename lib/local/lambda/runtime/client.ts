import { Agent, type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { type Failure, typeHeader } from './describe-failure.ts'

/** One event from the Runtime API. */
export interface RuntimeEvent {
  readonly requestId: string
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number
  readonly invokedFunctionArn: string
  readonly traceId: string
  /** JSON, if the invoker sent a client context. */
  readonly clientContext: string | undefined
  readonly payload: Buffer
}

/** The runtime's client of the Runtime API. All calls except `next` are answered at once. */
export interface RuntimeClient {
  /** Waits for the next event; rejects when the Runtime API is gone. */
  next(): Promise<RuntimeEvent>
  respond(requestId: string, body: string): Promise<void>
  fail(requestId: string, failure: Failure): Promise<void>
  failInit(failure: Failure): Promise<void>
  /** Opens a streamed response. `answered` resolves when the Runtime API has received all of it. */
  stream(requestId: string, contentType: string): { readonly request: ClientRequest; readonly answered: Promise<void> }
}

const VERSION = '/2018-06-01/runtime'

/** @param address `host:port`, as in AWS_LAMBDA_RUNTIME_API */
export function createRuntimeClient(address: string): RuntimeClient {
  const [host, port] = address.split(':')
  const agent = new Agent({ keepAlive: true })
  const options = (method: string, path: string, headers: Record<string, string> = {}): RequestOptions => ({
    host,
    port,
    agent,
    method,
    path: VERSION + path,
    headers,
  })
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    send(options('POST', path, { 'Content-Length': String(Buffer.byteLength(body)), ...headers }), body)
  const report = (path: string, failure: Failure) =>
    post(path, JSON.stringify(failure), { 'Lambda-Runtime-Function-Error-Type': typeHeader(failure) })

  return {
    next: async () => parseEvent(await exchange(request(options('GET', '/invocation/next')).end())),
    respond: (requestId, body) => post(`/invocation/${requestId}/response`, body),
    fail: (requestId, failure) => report(`/invocation/${requestId}/error`, failure),
    failInit: (failure) => report('/init/error', failure),
    stream(requestId, contentType) {
      const headers = {
        'Lambda-Runtime-Function-Response-Mode': 'streaming',
        'Transfer-Encoding': 'chunked',
        'Content-Type': contentType,
        Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
      }
      const opened = request(options('POST', `/invocation/${requestId}/response`, headers))
      return { request: opened, answered: exchange(opened).then(() => undefined) }
    },
  }
}

async function send(options: RequestOptions, body: string): Promise<void> {
  await exchange(request(options).end(body))
}

function exchange(call: ClientRequest): Promise<{ readonly head: IncomingMessage; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    call.once('error', reject)
    call.once('response', (head) => {
      const chunks: Buffer[] = []
      head.on('data', (chunk: Buffer) => chunks.push(chunk))
      head.once('error', reject)
      head.once('end', () => resolve({ head, body: Buffer.concat(chunks) }))
    })
  })
}

function parseEvent({ head, body }: { readonly head: IncomingMessage; readonly body: Buffer }): RuntimeEvent {
  const header = (name: string) => head.headers[`lambda-runtime-${name}`] as string | undefined
  if (head.statusCode !== 200) throw new Error(`the Runtime API answered ${head.statusCode}`)
  return {
    requestId: header('aws-request-id') ?? '',
    deadlineMs: Number(header('deadline-ms')),
    invokedFunctionArn: header('invoked-function-arn') ?? '',
    traceId: header('trace-id') ?? '',
    clientContext: header('client-context'),
    payload: body,
  }
}
