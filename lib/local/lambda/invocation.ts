import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { invalidContent, invalidParameter } from './faults.ts'
import { CLIENT_CONTEXT_BYTES } from './quotas.ts'

/** One call of a function. */
export interface Invocation {
  readonly requestId: string
  readonly traceId: string
  /** JSON in ASCII. */
  readonly clientContext: string | undefined
  readonly payload: Uint8Array
}

/** `RequestResponse` waits for the answer, `Event` does not, and `DryRun` only checks permissions. */
export type InvocationType = 'RequestResponse' | 'Event' | 'DryRun'

const INVOCATION_TYPES: readonly string[] = ['RequestResponse', 'Event', 'DryRun'] satisfies InvocationType[]

/** The options of a call, from the headers of the request. */
export interface CallOptions {
  readonly type: InvocationType
  /** Whether the answer includes the end of the log. */
  readonly wantsLog: boolean
}

/** Parses the options. @throws ServiceFault InvalidParameterValueException */
export function parseCallOptions(headers: IncomingHttpHeaders): CallOptions {
  const type = text(headers['x-amz-invocation-type']) ?? 'RequestResponse'
  if (!INVOCATION_TYPES.includes(type)) throw invalidParameter(`"${type}" is not an invocation type`)
  return { type: type as InvocationType, wantsLog: headers['x-amz-log-type'] === 'Tail' }
}

/**
 * Parses a call from a request to the Lambda API. If the caller sent no trace id, it creates one.
 *
 * @param nowMs milliseconds since 1970
 * @throws ServiceFault InvalidRequestContentException
 */
export function parseInvocation(
  headers: IncomingHttpHeaders,
  body: Buffer,
  requestId: string,
  nowMs: number,
): Invocation {
  return {
    requestId,
    traceId: text(headers['x-amzn-trace-id']) ?? createTraceId(nowMs),
    clientContext: parseClientContext(text(headers['x-amz-client-context'])),
    payload: parseEvent(body),
  }
}

/** Checks that the event is JSON and returns its bytes unchanged. An empty event is `{}`. Errors don't quote the event. */
function parseEvent(body: Buffer): Buffer {
  if (body.length === 0) return Buffer.from('{}')
  try {
    JSON.parse(body.toString())
    return body
  } catch {
    throw invalidContent('Could not parse request body into json: the payload is not JSON.')
  }
}

/** Converts the client context from base64 to ASCII JSON, because it is passed on in a header. */
function parseClientContext(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  if (value.length > CLIENT_CONTEXT_BYTES)
    throw invalidContent(`Client context must be no more than ${CLIENT_CONTEXT_BYTES} bytes when base64-encoded.`)
  try {
    const context: unknown = JSON.parse(Buffer.from(value, 'base64').toString())
    return JSON.stringify(context).replace(/[^\x20-\x7e]/g, escapeUnit)
  } catch {
    throw invalidContent('Client context must be a valid Base64-encoded JSON object.')
  }
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A trace id in the form of X-Ray, `Root=1-…`: 8 hex digits of the time and 24 random ones. */
function createTraceId(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000)
  return `Root=1-${seconds.toString(16).padStart(8, '0')}-${randomBytes(12).toString('hex')}`
}

function text(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}
