import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AuthenticateOptions, authenticate } from '../http/sigv4.ts'
import { type AnswerSink, createBufferSink } from './answer.ts'
import { describeFunctionConfiguration, describeFunctionDetails } from './descriptions.ts'
import { asServiceFault, invalidParameter, requestTooLarge, ServiceFault } from './faults.ts'
import { parseCallOptions, parseInvocation } from './invocation.ts'
import { LATEST, type LambdaFunction } from './lambda-function.ts'
import { ASYNC_EVENT_BYTES, SYNC_EVENT_BYTES } from './quotas.ts'
import { type Operation, routeLambda } from './route-operation.ts'
import type { LambdaService } from './service.ts'
import { completeFrame, payloadFrames } from './stream-events.ts'

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

/** Verifies the signature. A digest of the body in a signed header must also match the body itself. */
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
  const { call, reply, service, body } = exchange
  const { type, wantsLog } = parseCallOptions(call.headers)
  const invocation = parseInvocation(call.headers, body, exchange.requestId, Date.now())
  if (type === 'DryRun') return answerEmpty(reply, 204)
  if (type === 'Event') {
    if (body.length > ASYNC_EVENT_BYTES) throw requestTooLarge(ASYNC_EVENT_BYTES)
    service.enqueue(fn, invocation)
    return answerEmpty(reply, 202)
  }
  const sink = createBufferSink()
  const { failure, logTail } = await service.invoke(fn, invocation, sink)
  const answer = failure === undefined ? sink.take() : Buffer.from(JSON.stringify(failure))
  reply.setHeader('X-Amz-Executed-Version', LATEST)
  reply.setHeader('X-Amzn-Trace-Id', invocation.traceId)
  if (failure !== undefined) reply.setHeader('X-Amz-Function-Error', 'Unhandled')
  if (wantsLog) reply.setHeader('X-Amz-Log-Result', Buffer.from(logTail).toString('base64'))
  reply.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': answer.length }).end(answer)
}

async function invokeStreaming(fn: LambdaFunction, exchange: Exchange): Promise<void> {
  const { call, reply, service, body } = exchange
  const { type, wantsLog } = parseCallOptions(call.headers)
  const invocation = parseInvocation(call.headers, body, exchange.requestId, Date.now())
  if (type === 'DryRun') return answerEmpty(reply, 204)
  if (type === 'Event') throw invalidParameter('a streaming call can\'t have the type "Event"')
  reply.setHeader('X-Amz-Executed-Version', LATEST)
  reply.setHeader('Content-Type', 'application/vnd.amazon.eventstream')
  const { failure, logTail } = await service.invoke(fn, invocation, createFrameSink(reply))
  reply.end(completeFrame(failure, wantsLog ? Buffer.from(logTail).toString('base64') : undefined))
}

/**
 * Sends the answer as event-stream frames. If the invoker has disconnected, the function continues and its output is
 * discarded, as in AWS. Output after the last frame, which follows a timeout, is discarded too.
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

/**
 * Reads a body. A body above the limit is still read to its end, so that the client gets the error and not a broken pipe.
 * Only a body far above the limit is cut off.
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

function answerEmpty(reply: ServerResponse, status: 202 | 204): void {
  reply.writeHead(status, status === 204 ? {} : { 'Content-Length': 0 }).end()
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
