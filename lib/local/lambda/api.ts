import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AuthenticateOptions, authenticate } from '../http/sigv4.ts'
import { type AnswerSink, createBufferSink } from './answer.ts'
import { describeFunctionConfiguration, describeFunctionDetails } from './descriptions.ts'
import { asServiceFault, invalidContent, invalidParameter, requestTooLarge, ServiceFault } from './faults.ts'
import { completeFrame, payloadFrames } from './frames.ts'
import { LATEST, type LambdaFunction } from './function.ts'
import type { Invocation } from './instance.ts'
import type { CallOutcome } from './outcome.ts'
import { ASYNC_EVENT_BYTES, CLIENT_CONTEXT_BYTES, SYNC_EVENT_BYTES } from './quotas.ts'
import { type Operation, routeLambda } from './routes.ts'
import { createTraceId, type LambdaService } from './service.ts'

export interface LambdaApiOptions {
  readonly service: LambdaService
  /** Secret access keys by access key id. */
  readonly credentials: ReadonlyMap<string, string>
  /** Milliseconds since the epoch, for the age of signatures. @default Date.now */
  readonly now?: () => number
}

/** Serves the Lambda API of one region over HTTP (AWS Lambda API Reference, 2015-03-31 and 2021-11-15). */
export type LambdaApi = (call: IncomingMessage, reply: ServerResponse) => Promise<void>

interface Exchange {
  readonly call: IncomingMessage
  readonly reply: ServerResponse
  readonly requestId: string
  readonly service: LambdaService
  readonly body: Buffer
}

export function createLambdaApi({ service, credentials, now = Date.now }: LambdaApiOptions): LambdaApi {
  return async (call, reply) => {
    const requestId = randomUUID()
    reply.setHeader('x-amzn-RequestId', requestId)
    try {
      const body = await readBody(call, SYNC_EVENT_BYTES)
      verify(call, body, { credentials, now })
      await perform(routeLambda(call.method ?? '', call.url ?? ''), { call, reply, requestId, service, body })
    } catch (error) {
      refuse(reply, asServiceFault(error))
    }
  }
}

/** A client may state the body's digest in a header; that header is signed, but only the body itself can bear it out. */
function verify(call: IncomingMessage, body: Buffer, options: AuthenticateOptions): void {
  const bodySha256 = createHash('sha256').update(body).digest('hex')
  const { payload } = authenticate(call, { ...options, bodySha256 })
  if (payload.kind !== 'sha256' || payload.digest !== bodySha256)
    throw new ServiceFault(403, 'InvalidSignatureException', 'The signature does not cover the body of the request.')
}

function perform(operation: Operation, exchange: Exchange): Promise<void> | void {
  const { service, reply } = exchange
  switch (operation.kind) {
    case 'list':
      return answerJson(reply, 200, { Functions: service.list().map(describeFunctionConfiguration) })
    case 'get':
      return answerJson(reply, 200, describeFunctionDetails(findFunction(operation, service)))
    case 'getConfiguration':
      return answerJson(reply, 200, describeFunctionConfiguration(findFunction(operation, service)))
    case 'invoke':
      return invoke(findFunction(operation, service), exchange)
    case 'invokeStreaming':
      return invokeStreaming(findFunction(operation, service), exchange)
  }
}

function findFunction(operation: Exclude<Operation, { kind: 'list' }>, service: LambdaService): LambdaFunction {
  return service.find(operation.reference, operation.qualifier)
}

async function invoke(fn: LambdaFunction, exchange: Exchange): Promise<void> {
  const { reply, service } = exchange
  const type = header(exchange, 'x-amz-invocation-type') ?? 'RequestResponse'
  const invocation = parseInvocation(exchange)
  reply.setHeader('X-Amz-Executed-Version', LATEST)
  if (type === 'DryRun') return void reply.writeHead(204).end()
  if (type === 'Event') {
    if (exchange.body.length > ASYNC_EVENT_BYTES) throw requestTooLarge(ASYNC_EVENT_BYTES)
    service.enqueue(fn, invocation)
    return void reply.writeHead(202, { 'Content-Length': 0 }).end()
  }
  if (type !== 'RequestResponse') throw invalidParameter(`"${type}" is not an invocation type`)
  const sink = createBufferSink()
  const outcome = await service.invoke(fn, invocation, sink)
  answerCall(exchange, outcome, sink.take())
}

function answerCall(exchange: Exchange, { failure, logTail }: CallOutcome, answer: Buffer): void {
  const body = failure === undefined ? answer : Buffer.from(JSON.stringify(failure))
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'Content-Length': String(body.length),
    'X-Amzn-Trace-Id': header(exchange, 'x-amzn-trace-id') ?? '',
  }
  if (failure !== undefined) headers['X-Amz-Function-Error'] = 'Unhandled'
  if (wantsLog(exchange)) headers['X-Amz-Log-Result'] = Buffer.from(logTail).toString('base64')
  exchange.reply.writeHead(200, headers).end(body)
}

async function invokeStreaming(fn: LambdaFunction, exchange: Exchange): Promise<void> {
  const { reply, service } = exchange
  const type = header(exchange, 'x-amz-invocation-type') ?? 'RequestResponse'
  const invocation = parseInvocation(exchange)
  reply.setHeader('X-Amz-Executed-Version', LATEST)
  if (type === 'DryRun') return void reply.writeHead(204).end()
  if (type !== 'RequestResponse') throw invalidParameter(`"${type}" is not an invocation type of a streamed call`)
  reply.setHeader('Content-Type', 'application/vnd.amazon.eventstream')
  const { failure, logTail } = await service.invoke(fn, invocation, createFrameSink(reply))
  const log = wantsLog(exchange) ? Buffer.from(logTail).toString('base64') : undefined
  reply.end(completeFrame(failure, log))
}

/**
 * The answer as frames on the wire. Once the invoker is gone the function goes on, into the void, as in AWS; what comes
 * after a timeout's last frame goes there, too.
 */
function createFrameSink(reply: ServerResponse): AnswerSink {
  return {
    async write(chunk) {
      if (reply.destroyed || reply.writableEnded) return
      const taken = payloadFrames(chunk).map((frame) => reply.write(frame))
      if (taken.at(-1) === false) await drained(reply)
    },
  }
}

async function drained(reply: ServerResponse): Promise<void> {
  const done = new AbortController()
  const wait = (event: string) => once(reply, event, { signal: done.signal }).catch(() => {})
  await Promise.race([wait('drain'), wait('close')])
  done.abort()
}

function parseInvocation(exchange: Exchange): Invocation {
  const { requestId, body } = exchange
  return {
    requestId,
    traceId: header(exchange, 'x-amzn-trace-id') ?? createTraceId(Date.now()),
    clientContext: parseClientContext(header(exchange, 'x-amz-client-context')),
    payload: parseEvent(body),
  }
}

/** The event must be JSON; none at all is `{}`. The bytes go on as they came. */
function parseEvent(body: Buffer): Buffer {
  if (body.length === 0) return Buffer.from('{}')
  try {
    JSON.parse(body.toString())
    return body
  } catch (error) {
    const why = error instanceof Error ? error.message : ''
    throw invalidContent(`Could not parse request body into json: ${why.replace(/"[^"]*"|'[^']*'/g, '…')}`)
  }
}

/** From base64 to JSON in ASCII, for it goes on in a header. */
function parseClientContext(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  if (value.length > CLIENT_CONTEXT_BYTES)
    throw invalidContent(`Client context must be no more than ${CLIENT_CONTEXT_BYTES} bytes when base64-encoded`)
  try {
    const context: unknown = JSON.parse(Buffer.from(value, 'base64').toString())
    return JSON.stringify(context).replace(/[^\x20-\x7e]/g, escapeUnit)
  } catch {
    throw invalidContent('Client context must be a valid Base64-encoded JSON object.')
  }
}

function escapeUnit(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function wantsLog(exchange: Exchange): boolean {
  return header(exchange, 'x-amz-log-type') === 'Tail'
}

function header({ call }: Exchange, name: string): string | undefined {
  const value = call.headers[name]
  return typeof value === 'string' ? value : undefined
}

/**
 * A body that is too large is still read to its end, so that the client hears the refusal instead of a broken pipe;
 * only one far too large is cut off.
 */
async function readBody(call: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of call as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    if (size > 16 * limit) break
  }
  if (size > limit) throw requestTooLarge(limit)
  return Buffer.concat(chunks)
}

function answerJson(reply: ServerResponse, status: number, body: unknown): void {
  const json = JSON.stringify(body)
  reply.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) }).end(json)
}

function refuse(reply: ServerResponse, fault: ServiceFault): void {
  if (reply.headersSent) return void reply.destroy()
  const message = fault.type === 'ResourceNotFoundException' ? 'Message' : 'message'
  reply.setHeader('x-amzn-ErrorType', fault.type)
  answerJson(reply, fault.status, {
    Type: fault.status < 500 ? 'User' : 'Service',
    [message]: fault.message,
    ...fault.details,
  })
}
