/**
 * Verifies AWS Signature Version 4: it determines the sender, the region and the service of a request, and how its body
 * must be checked. Sources: AWS General Reference, "Signature Version 4", and Amazon S3 API Reference, "Authenticating
 * Requests".
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { AwsError, type AwsErrorCode } from './aws-error.ts'
import { decodeUri, encodeUriComponent, encodeUriPath, parseTarget, type Target } from './aws-uri.ts'

/** The parts of a request that a signature covers. An `IncomingMessage` is one. */
export type SignedRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers'>

/** The part of a signature that selects region and service. */
export interface CredentialScope {
  readonly accessKeyId: string
  /** `YYYYMMDD`. */
  readonly date: string
  readonly region: string
  readonly service: string
}

/** How the body is bound to the signature. */
export type PayloadCheck =
  | { readonly kind: 'unsigned' }
  /** The signature covers the SHA-256 of the body, in lower-case hex. */
  | { readonly kind: 'sha256'; readonly digest: string }
  /** The body has aws-chunked framing. With a signer, every chunk is signed. */
  | { readonly kind: 'chunked'; readonly signer?: ChunkSigner; readonly trailers: boolean }

/** Computes the chain of chunk signatures. Each one covers the previous one. */
export interface ChunkSigner {
  /** The signature of the request, in lower-case hex. */
  readonly seed: string
  signChunk(previous: string, chunkSha256: string): string
  signTrailers(previous: string, trailersSha256: string): string
}

/** A request with a valid signature. */
export interface Authentication {
  readonly region: string
  readonly service: string
  readonly accessKeyId: string
  readonly payload: PayloadCheck
}

export interface AuthenticateOptions {
  /** Secret access keys by access key id. */
  readonly credentials: ReadonlyMap<string, string>
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
  /** The SHA-256 of the body in lower-case hex. Services other than S3 sign it without a header for it. */
  readonly bodySha256?: string
}

/** A request is valid for 15 minutes before and after its date (AWS General Reference). */
const MAX_SKEW_MS = 15 * 60_000
/** A presigned URL is valid for at most a week. */
const MAX_EXPIRES_SECONDS = 604_800
const ALGORITHM = 'AWS4-HMAC-SHA256'
const EMPTY_SHA256 = sha256Hex('')
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'
const STREAMING_SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
const STREAMING_SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
const STREAMING_UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

/**
 * Reads region and service from an unverified signature. Use it for routing only.
 *
 * @returns `undefined` for an anonymous or malformed request
 */
export function credentialScope({ url = '/', headers }: Pick<SignedRequest, 'url' | 'headers'>) {
  const credential =
    /\bCredential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1] ?? /[?&]X-Amz-Credential=([^&]+)/.exec(url)?.[1]
  return credential === undefined ? undefined : parseCredential(credential.replace(/%2F/gi, '/'))
}

/** `AKID/YYYYMMDD/region/service/aws4_request` */
function parseCredential(credential: string): CredentialScope | undefined {
  const match = /^(.+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(credential)
  if (match === null) return undefined
  const [, accessKeyId, date, region, service] = match as unknown as [string, string, string, string, string]
  return { accessKeyId, date, region, service }
}

/** The fields of a signature, from the header or the query of a request. */
interface Claim {
  readonly scope: CredentialScope
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** `YYYYMMDDTHHMMSSZ` */
  readonly timestamp: string
  /** How many seconds a presigned URL is valid. */
  readonly expires?: number
}

/**
 * Verifies the signature of a request, in its `Authorization` header or in its query (a presigned URL). It does not read
 * the body: pass `payload` to `openPayload`, which checks the body while it streams.
 *
 * @throws AwsError `AccessDenied` (anonymous, expired, headers not signed), `InvalidAccessKeyId`,
 * `SignatureDoesNotMatch`, `RequestTimeTooSkewed`, `AuthorizationHeaderMalformed`,
 * `AuthorizationQueryParametersError`, `InvalidRequest`, `InvalidURI`.
 *
 * @example
 * ```ts
 * const { region, payload } = authenticate(request, { credentials: new Map([['local', 'secret']]) })
 * ```
 */
export function authenticate(
  request: SignedRequest,
  { credentials, now = Date.now, bodySha256 }: AuthenticateOptions,
): Authentication {
  const target = parseTarget(request.url ?? '/')
  const claim = parseClaim(request, target)
  requireFresh(claim, now())
  requireSignedHeaders(request, claim)
  const secret = credentials.get(claim.scope.accessKeyId)
  if (secret === undefined) throw unknownKey(claim.scope.accessKeyId)

  const payloadHash = payloadHashOf(request, target, claim, bodySha256)
  const signer = createSigner(claim, secret)
  const canonical = canonicalRequest(request, target, claim, payloadHash)
  const expected = signer.signRequest(canonical)
  if (!equalHex(expected, claim.signature)) throw signatureMismatch(canonical, signer.stringToSign(canonical))
  const { region, service, accessKeyId } = claim.scope
  return { region, service, accessKeyId, payload: payloadCheck(payloadHash, signer) }
}

function parseClaim({ headers }: SignedRequest, { query }: Target): Claim {
  if (headers.authorization !== undefined) return parseHeaderClaim(headers.authorization, headers)
  const params = new Map(query)
  if (params.has('X-Amz-Algorithm') || params.has('X-Amz-Signature')) return parseQueryClaim(params)
  if (params.has('AWSAccessKeyId')) throw olderSignature()
  throw new AwsError('AccessDenied', 'Access Denied')
}

function parseHeaderClaim(authorization: string, headers: SignedRequest['headers']): Claim {
  const malformed = (fact: string) =>
    new AwsError('AuthorizationHeaderMalformed', `The authorization header is malformed; ${fact}`)
  if (authorization.startsWith('AWS ')) throw olderSignature()
  if (!authorization.startsWith(`${ALGORITHM} `)) throw malformed(`only ${ALGORITHM} is supported.`)
  const field = (name: string) => new RegExp(`[\\s,]${name}=([^,\\s]+)`).exec(authorization)?.[1] ?? ''
  const scope = parseCredential(field('Credential'))
  if (scope === undefined) throw malformed('the Credential is malformed.')
  const timestamp = headers['x-amz-date'] ?? ''
  if (typeof timestamp !== 'string' || !timestamp.startsWith(scope.date))
    throw malformed('the date of the Credential is not the date of X-Amz-Date.')
  return { scope, signedHeaders: field('SignedHeaders').split(';'), signature: field('Signature'), timestamp }
}

function parseQueryClaim(params: ReadonlyMap<string, string>): Claim {
  const malformed = (fact: string) => new AwsError('AuthorizationQueryParametersError', fact)
  if (params.get('X-Amz-Algorithm') !== ALGORITHM) throw malformed(`X-Amz-Algorithm only supports "${ALGORITHM}"`)
  const scope = parseCredential(params.get('X-Amz-Credential') ?? '')
  const timestamp = params.get('X-Amz-Date') ?? ''
  if (scope === undefined || !timestamp.startsWith(scope.date)) throw malformed('the Credential is malformed')
  const expires = Number(params.get('X-Amz-Expires') ?? 'NaN')
  if (!Number.isInteger(expires) || expires < 1 || expires > MAX_EXPIRES_SECONDS)
    throw malformed(`X-Amz-Expires must be a number of seconds from 1 to ${MAX_EXPIRES_SECONDS}`)
  const signedHeaders = (params.get('X-Amz-SignedHeaders') ?? '').split(';')
  return { scope, signedHeaders, signature: params.get('X-Amz-Signature') ?? '', timestamp, expires }
}

/** The error for version 2 signatures. awscli 1 and boto3 use them for presigned URLs, but newer regions refuse them. */
function olderSignature(): AwsError {
  const remedy = 'Please use AWS4-HMAC-SHA256 (for awscli and boto3: s3.signature_version = s3v4).'
  return new AwsError('InvalidRequest', `The authorization mechanism you have provided is not supported. ${remedy}`)
}

function requireFresh({ timestamp, expires }: Claim, now: number): void {
  const signedAt = parseTimestamp(timestamp)
  if (expires === undefined) {
    if (Math.abs(now - signedAt) <= MAX_SKEW_MS) return
    throw new AwsError(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      { fields: { RequestTime: timestamp, ServerTime: new Date(now).toISOString() } },
    )
  }
  if (signedAt - now > MAX_SKEW_MS) throw new AwsError('AccessDenied', 'Request is not yet valid')
  if (now > signedAt + expires * 1000) throw new AwsError('AccessDenied', 'Request has expired')
}

function parseTimestamp(timestamp: string): number {
  const iso = timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const time = iso === timestamp ? Number.NaN : Date.parse(iso)
  if (Number.isNaN(time)) throw new AwsError('AccessDenied', 'AWS authentication requires a valid X-Amz-Date')
  return time
}

/** Requires all `x-amz-*` headers to be signed, because an attacker could add an unsigned one to change the request. */
function requireSignedHeaders({ headers }: SignedRequest, { signedHeaders }: Claim): void {
  const required = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))]
  const missing = required.filter((name) => !signedHeaders.includes(name))
  if (missing.length === 0) return
  throw new AwsError('AccessDenied', 'There were headers present in the request which were not signed', {
    fields: { HeadersNotSigned: missing.join(', ') },
  })
}

function payloadHashOf(request: SignedRequest, target: Target, claim: Claim, bodySha256: string | undefined): string {
  const stated =
    request.headers['x-amz-content-sha256'] ?? new Map(target.query).get('X-Amz-Content-Sha256') ?? bodySha256
  if (typeof stated === 'string') return stated
  if (claim.scope.service !== 's3') return EMPTY_SHA256
  if (claim.expires !== undefined) return UNSIGNED_PAYLOAD
  throw new AwsError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
}

function canonicalRequest(request: SignedRequest, target: Target, claim: Claim, payloadHash: string): string {
  return [
    request.method ?? 'GET',
    canonicalPath(target.rawPath, claim.scope.service),
    canonicalQuery(target.query),
    ...claim.signedHeaders.map((name) => `${name}:${canonicalHeader(request.headers[name])}`),
    '',
    claim.signedHeaders.join(';'),
    payloadHash,
  ].join('\n')
}

/** The canonical path. S3 encodes it once; every other service normalises it and encodes it twice. */
function canonicalPath(rawPath: string, service: string): string {
  return service === 's3' ? encodeUriPath(decodeUri(rawPath)) : encodeUriPath(normalizePath(rawPath))
}

/** Removes dot segments (RFC 3986 §5.2.4) and empty segments. */
function normalizePath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`
}

function canonicalQuery(query: Target['query']): string {
  const pairs = query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeUriComponent(name), encodeUriComponent(value)] as const)
  pairs.sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
  return pairs.map((pair) => pair.join('=')).join('&')
}

/** Compares encoded names or values. They are ASCII, so the order of code units is the order of bytes. */
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function canonicalHeader(value: string | readonly string[] | undefined): string {
  const values = typeof value === 'string' ? [value] : (value ?? [])
  return values.map((text) => text.trim().replace(/[ \t]+/g, ' ')).join(',')
}

/** Signs with the key of one scope. */
interface Signer extends ChunkSigner {
  stringToSign(canonical: string): string
  signRequest(canonical: string): string
}

function createSigner({ scope, timestamp, signature }: Claim, secret: string): Signer {
  const { date, region, service } = scope
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`)
  const place = `${date}/${region}/${service}/aws4_request`
  const sign = (lines: readonly string[]) => hmac(key, lines.join('\n')).toString('hex')
  const requestLines = (canonical: string) => [ALGORITHM, timestamp, place, sha256Hex(canonical)]
  return {
    seed: signature,
    stringToSign: (canonical) => requestLines(canonical).join('\n'),
    signRequest: (canonical) => sign(requestLines(canonical)),
    signChunk: (previous, chunkSha256) =>
      sign([`${ALGORITHM}-PAYLOAD`, timestamp, place, previous, EMPTY_SHA256, chunkSha256]),
    signTrailers: (previous, trailersSha256) =>
      sign([`${ALGORITHM}-TRAILER`, timestamp, place, previous, trailersSha256]),
  }
}

function payloadCheck(payloadHash: string, signer: ChunkSigner): PayloadCheck {
  if (payloadHash === UNSIGNED_PAYLOAD) return { kind: 'unsigned' }
  if (payloadHash === STREAMING_SIGNED) return { kind: 'chunked', signer, trailers: false }
  if (payloadHash === STREAMING_SIGNED_TRAILER) return { kind: 'chunked', signer, trailers: true }
  if (payloadHash === STREAMING_UNSIGNED_TRAILER) return { kind: 'chunked', trailers: true }
  if (/^[0-9a-f]{64}$/.test(payloadHash)) return { kind: 'sha256', digest: payloadHash }
  throw new AwsError('InvalidArgument', 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a streaming kind or a SHA-256')
}

function unknownKey(accessKeyId: string): AwsError {
  return new AwsError('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
    fields: { AWSAccessKeyId: accessKeyId },
  })
}

/** The error for a wrong signature. It contains the canonical request, which the client knows, to help debugging. */
function signatureMismatch(canonical: string, stringToSign: string): AwsError {
  const code: AwsErrorCode = 'SignatureDoesNotMatch'
  const message =
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.'
  return new AwsError(code, message, { fields: { StringToSign: stringToSign, CanonicalRequest: canonical } })
}

/** Compares two lower-case hex digests in constant time. */
export function equalHex(expected: string, actual: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(actual)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The SHA-256 of a text in hex. Node decodes headers as Latin-1, and paths and queries are ASCII, so Latin-1 is right. */
function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
