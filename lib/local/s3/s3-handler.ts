import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AwsError } from '../http/aws-error.ts'
import { type Authentication, authenticate } from '../http/sigv4.ts'
import { requireBucketName } from './buckets.ts'
import { parseAddress, type Reply } from './call.ts'
import { effectiveHeaders, refuseUnsupported } from './request-headers.ts'
import { routeOperation } from './route.ts'
import { openStorage, type Storage } from './storage.ts'
import { buildErrorXml } from './xml.ts'

export interface S3HandlerOptions {
  /** The folder for buckets and objects. Data of an earlier run in it is served again. */
  readonly dir: string
  /** The regions to serve. */
  readonly regions: readonly string[]
  /** Secret access keys by access key id. */
  readonly credentials: ReadonlyMap<string, string>
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
  /** Whether a change is on disk before it is acknowledged. @default true */
  readonly fsync?: boolean
  /** Called with unexpected errors. Clients get only `InternalError`. @default process.emitWarning */
  readonly report?: (error: Error) => void
}

export interface S3Handler {
  /**
   * Answers one request. It never throws: errors become answers.
   *
   * @param auth the result of `authenticate`, if the caller has called it. @default it verifies the signature itself
   */
  handle(request: IncomingMessage, response: ServerResponse, auth?: Authentication): Promise<void>
  /**
   * Creates a bucket without a request, if it does not exist.
   *
   * @throws AwsError `InvalidBucketName`; `BucketAlreadyOwnedByYou` if it is in another region
   */
  createBucket(region: string, name: string): Promise<void>
  /** Waits for running requests and closes the files. Close the server and its connections first. */
  close(): Promise<void>
}

/**
 * Creates an S3 server's request handler, with regions, buckets, objects, multipart uploads, conditional requests and
 * checksums. It streams bodies, verifies every signature, and answers `NotImplemented` for other features.
 *
 * @throws if `dir` can't be created or read
 *
 * @example
 * ```ts
 * const s3 = createS3Handler({ dir: '.lander/s3', regions: ['eu-west-1'], credentials: new Map([['local', 'local']]) })
 * http.createServer((request, response) => s3.handle(request, response)).listen(9000, '127.0.0.1')
 * ```
 */
export function createS3Handler({
  dir,
  regions,
  credentials,
  now = Date.now,
  fsync = true,
  report = (error) => process.emitWarning(error),
}: S3HandlerOptions): S3Handler {
  const storage = openStorage({ dir, regions, fsync })
  const underWay = new Set<Promise<void>>()

  async function answer(request: IncomingMessage, response: ServerResponse, auth?: Authentication): Promise<void> {
    const requestId = randomBytes(8).toString('hex').toUpperCase()
    response.setHeader('x-amz-request-id', requestId)
    try {
      const proven = auth ?? authenticate(request, { credentials, now })
      requireScope(regions, proven)
      await sendReply(response, await answerRequest(request, proven, storage, now))
    } catch (error) {
      // If the client disconnected, its request fails, which is not an error of the server.
      if (error instanceof Error && !(error instanceof AwsError) && !request.socket.destroyed) report(error)
      if (response.headersSent) response.destroy()
      else await sendReply(response, errorReply(request, requestId, error))
    }
    request.resume() // what is left of a body would block the connection's next request
  }

  return {
    handle(request, response, auth) {
      const answered = answer(request, response, auth).finally(() => underWay.delete(answered))
      underWay.add(answered)
      return answered
    },
    async createBucket(region, name) {
      requireBucketName(name)
      await storage.create(name, region, now())
    },
    async close() {
      await Promise.all(underWay)
      await storage.close()
    },
  }
}

async function answerRequest(
  request: IncomingMessage,
  auth: Authentication,
  storage: Storage,
  now: () => number,
): Promise<Reply> {
  const address = parseAddress(request)
  const headers = effectiveHeaders(request, address.query)
  const operation = routeOperation({ ...address, headers, method: request.method ?? 'GET' })
  refuseUnsupported(headers)
  return operation({ ...address, request, headers, auth, storage, now })
}

/** Refuses signatures for other services and for regions that are not served. */
function requireScope(regions: readonly string[], { region, service }: Authentication): void {
  const malformed = (fact: string) =>
    new AwsError('AuthorizationHeaderMalformed', `The authorization header is malformed; ${fact}`)
  if (service !== 's3') throw malformed(`incorrect service "${service}": this endpoint belongs to "s3".`)
  if (!regions.includes(region))
    throw malformed(`the region '${region}' is wrong; expecting one of ${regions.join(', ')}.`)
}

/** The reply for an error. An unexpected error becomes `InternalError` without its text. A reply to HEAD has no body. */
function errorReply({ method, url = '/' }: IncomingMessage, requestId: string, error: unknown): Reply {
  const known =
    error instanceof AwsError
      ? error
      : new AwsError('InternalError', 'We encountered an internal error. Please try again.', { cause: error })
  const { status, code, message, headers, fields } = known
  if (method === 'HEAD') return { status, headers }
  const resource = url.split('?')[0]!
  const body = buildErrorXml({ Code: code, Message: message, ...fields, Resource: resource, RequestId: requestId })
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body }
}

async function sendReply(response: ServerResponse, { status, headers = {}, body }: Reply): Promise<void> {
  const length = typeof body === 'string' ? { 'content-length': String(Buffer.byteLength(body)) } : {}
  const empty = body === undefined && status !== 204 && status !== 304 && headers['content-length'] === undefined
  response.writeHead(status, { ...headers, ...length, ...(empty ? { 'content-length': '0' } : {}) })
  if (typeof body === 'function') await body(response)
  else response.end(body)
}
