import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AwsError } from '../../../lib/local/http/aws-error.ts'
import { authenticate, credentialScope, equalHex, type SignedRequest } from '../../../lib/local/http/sigv4.ts'
import { Sha256 } from '../s3-target.ts'

/** The keys, the time and the signatures of the examples in "Authenticating Requests", Amazon S3 API Reference. */
const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const NOW = Date.UTC(2013, 4, 24)
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const credentials = new Map([[KEY.accessKeyId, KEY.secretAccessKey]])
const options = { credentials, now: () => NOW }

function exampleRequest(
  { method, url, headers }: { method: string; url: string; headers: Record<string, string> },
  signature: string,
): SignedRequest {
  const all: Record<string, string> = {
    host: 'examplebucket.s3.amazonaws.com',
    'x-amz-date': '20130524T000000Z',
    ...headers,
  }
  const signedHeaders = Object.keys(all).sort().join(';')
  const credential = `${KEY.accessKeyId}/20130524/us-east-1/s3/aws4_request`
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${signedHeaders},Signature=${signature}`
  return { method, url, headers: { ...all, authorization } }
}

const GET_OBJECT = exampleRequest(
  { method: 'GET', url: '/test.txt', headers: { range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY } },
  'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
)
const PRESIGNED: SignedRequest = {
  method: 'GET',
  url:
    '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
    '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
    '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  headers: { host: 'examplebucket.s3.amazonaws.com' },
}

function refusal(request: SignedRequest, more: Partial<Parameters<typeof authenticate>[1]> = {}): string {
  try {
    authenticate(request, { ...options, ...more })
    return 'none'
  } catch (error) {
    return error instanceof AwsError ? `${error.code}: ${error.message}` : String(error)
  }
}

const altered = (request: SignedRequest, change: object): SignedRequest => ({ ...request, ...change })
const withHeaders = (request: SignedRequest, headers: object) =>
  altered(request, { headers: { ...request.headers, ...headers } })
const replacing = (request: SignedRequest, from: string | RegExp, to: string) =>
  withHeaders(request, { authorization: request.headers.authorization!.replace(from, to) })

describe('the examples of the S3 API Reference', () => {
  it.each([
    ['GET Object', GET_OBJECT],
    [
      'PUT Object',
      exampleRequest(
        {
          method: 'PUT',
          url: '/test%24file.text',
          headers: {
            date: 'Fri, 24 May 2013 00:00:00 GMT',
            'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
            'x-amz-storage-class': 'REDUCED_REDUNDANCY',
          },
        },
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ),
    ],
    [
      'GET Bucket Lifecycle',
      exampleRequest(
        { method: 'GET', url: '/?lifecycle', headers: { 'x-amz-content-sha256': EMPTY } },
        'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      ),
    ],
    [
      'List Objects',
      exampleRequest(
        { method: 'GET', url: '/?max-keys=2&prefix=J', headers: { 'x-amz-content-sha256': EMPTY } },
        '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      ),
    ],
    ['presigned GET', PRESIGNED],
  ])('%s is let in', (_, request) => {
    expect(authenticate(request, options)).toMatchObject({
      region: 'us-east-1',
      service: 's3',
      accessKeyId: KEY.accessKeyId,
    })
  })

  it('accepts a query in another order', () => {
    const url = PRESIGNED.url!.replace(/(.*)\?(.*?)&(.*)/, '$1?$3&$2')
    expect(url).not.toBe(PRESIGNED.url)
    expect(refusal(altered(PRESIGNED, { url }))).toBe('none')
  })
})

describe('refused requests', () => {
  it.each<[string, SignedRequest, RegExp]>([
    ['no signature', { method: 'GET', url: '/', headers: { host: 'h' } }, /^AccessDenied/],
    ['another method', altered(GET_OBJECT, { method: 'PUT' }), /^SignatureDoesNotMatch/],
    ['another path', altered(GET_OBJECT, { url: '/test.txt2' }), /^SignatureDoesNotMatch/],
    ['another query', altered(GET_OBJECT, { url: '/test.txt?versionId=1' }), /^SignatureDoesNotMatch/],
    ['another signed header', withHeaders(GET_OBJECT, { range: 'bytes=0-10' }), /^SignatureDoesNotMatch/],
    ['another host', withHeaders(GET_OBJECT, { host: 'other' }), /^SignatureDoesNotMatch/],
    [
      'another payload hash',
      withHeaders(GET_OBJECT, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
      /^SignatureDoesNotMatch/,
    ],
    ['a cut signature', replacing(GET_OBJECT, /.$/, ''), /^SignatureDoesNotMatch/],
    ['an unknown key', replacing(GET_OBJECT, 'AKIAIOSFODNN7EXAMPLE', 'AKIANOBODY'), /^InvalidAccessKeyId/],
    [
      'an x-amz header nobody signed',
      withHeaders(GET_OBJECT, { 'x-amz-acl': 'public-read' }),
      /^AccessDenied: .*not signed/,
    ],
    ['a host nobody signed', replacing(GET_OBJECT, 'host;', ''), /^AccessDenied: .*not signed/],
    [
      'another algorithm',
      replacing(GET_OBJECT, 'AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
      /^AuthorizationHeaderMalformed/,
    ],
    [
      'signature version 2',
      withHeaders(GET_OBJECT, { authorization: 'AWS AKID:c2ln' }),
      /^InvalidRequest: .*AWS4-HMAC-SHA256/,
    ],
    ['a credential without a region', replacing(GET_OBJECT, 'us-east-1/', ''), /^AuthorizationHeaderMalformed/],
    ['a credential of another day', replacing(GET_OBJECT, '/20130524/', '/20130525/'), /^AuthorizationHeaderMalformed/],
    ['a path that is not UTF-8', altered(GET_OBJECT, { url: '/%ff' }), /^InvalidURI/],
    [
      'a presigned URL for ever',
      altered(PRESIGNED, { url: PRESIGNED.url!.replace('86400', '604801') }),
      /^AuthorizationQueryParametersError/,
    ],
    [
      'a presigned URL for no time',
      altered(PRESIGNED, { url: PRESIGNED.url!.replace('86400', '0') }),
      /^AuthorizationQueryParametersError/,
    ],
    [
      'a presigned URL made to last longer',
      altered(PRESIGNED, { url: PRESIGNED.url!.replace('86400', '86401') }),
      /^SignatureDoesNotMatch/,
    ],
    [
      'a presigned URL of version 2',
      altered(PRESIGNED, { url: '/test.txt?AWSAccessKeyId=A&Signature=b&Expires=1' }),
      /^InvalidRequest/,
    ],
  ])('%s', (_, request, expected) => {
    expect(refusal(request)).toMatch(expected)
  })

  it('a request 15 minutes before or after the clock', () => {
    const minutes = 60_000
    expect(refusal(GET_OBJECT, { now: () => NOW + 15 * minutes })).toBe('none')
    expect(refusal(GET_OBJECT, { now: () => NOW - 15 * minutes })).toBe('none')
    expect(refusal(GET_OBJECT, { now: () => NOW + 15 * minutes + 1 })).toMatch(/^RequestTimeTooSkewed/)
    expect(refusal(GET_OBJECT, { now: () => NOW - 15 * minutes - 1 })).toMatch(/^RequestTimeTooSkewed/)
  })

  it('a presigned URL before and after its validity', () => {
    expect(refusal(PRESIGNED, { now: () => NOW + 86_400_000 })).toBe('none')
    expect(refusal(PRESIGNED, { now: () => NOW + 86_400_001 })).toMatch(/^AccessDenied: Request has expired/)
    expect(refusal(PRESIGNED, { now: () => NOW - 15 * 60_000 - 1 })).toMatch(/^AccessDenied: Request is not yet valid/)
  })

  it('an S3 request without a payload hash', async () => {
    const signed = await sign({ service: 's3', path: '/b/k', applyChecksum: false })
    expect(refusal(signed)).toMatch(/^InvalidRequest: .*x-amz-content-sha256/)
  })

  it('an unknown kind of payload', async () => {
    const signed = await sign({
      service: 's3',
      path: '/b/k',
      headers: { 'x-amz-content-sha256': 'STREAMING-NONSENSE' },
    })
    expect(refusal(signed)).toMatch(/^InvalidArgument/)
  })
})

interface SignOptions {
  readonly service: string
  readonly path: string
  readonly query?: Record<string, string>
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly applyChecksum?: boolean
}

/** Signs with the SDK's signer, and returns the request as a server receives it. */
async function sign({
  service,
  path,
  query = {},
  headers = {},
  body = '',
  applyChecksum = true,
}: SignOptions): Promise<SignedRequest> {
  const uriEscapePath = service !== 's3'
  const signer = new SignatureV4({
    service,
    region: 'eu-west-1',
    credentials: KEY,
    sha256: Sha256,
    uriEscapePath,
    applyChecksum,
  })
  const request = {
    method: 'POST',
    protocol: 'http:',
    hostname: 'h',
    path,
    query,
    headers: { host: 'h', ...headers },
    body,
  }
  const signed = await signer.sign(request, { signingDate: new Date(NOW) })
  const pairs = Object.entries(query).map((pair) => pair.map(encodeURIComponent).join('='))
  return { method: 'POST', url: pairs.length === 0 ? path : `${path}?${pairs.join('&')}`, headers: signed.headers }
}

describe("the SDK's signer", () => {
  it('agrees with ours on any S3 key and any query', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.dictionary(
          // The SDK's signer keeps the query in a plain object, so it loses this one name before it signs.
          fc.string({ unit: 'binary', minLength: 1 }).filter((name) => !/^(x-amz-signature|__proto__)$/i.test(name)),
          fc.string({ unit: 'binary' }),
        ),
        async (key, query) => {
          const path = `/bucket/${key.split('/').map(encodeStrictly).join('/')}`
          expect(refusal(await sign({ service: 's3', path, query }))).toBe('none')
        },
      ),
    )
  })

  it('agrees on the paths of other services, which are encoded twice', async () => {
    const path =
      '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Ahello/./x//invocations/'
    expect(refusal(await sign({ service: 'lambda', path, body: '{}' }))).toBe('none')
  })

  it('agrees on spaces in headers', async () => {
    const headers = { 'x-amz-meta-a': '  two   words  ' }
    expect(refusal(await sign({ service: 's3', path: '/b/k', headers }))).toBe('none')
  })

  it('signs the body of other services without naming its hash', async () => {
    const signed = await sign({ service: 'lambda', path: '/f', body: '{"a":1}', applyChecksum: false })
    const digest = '015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862'
    expect(refusal(signed, { bodySha256: digest })).toBe('none')
    expect(refusal(signed, { bodySha256: EMPTY })).toMatch(/^SignatureDoesNotMatch/)
  })
})

/** Encodes per RFC 3986, as SDKs encode keys. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

describe('a credential scope', () => {
  it('is read from a header or a query, without any check', () => {
    const scope = { accessKeyId: KEY.accessKeyId, date: '20130524', region: 'us-east-1', service: 's3' }
    expect(credentialScope(GET_OBJECT)).toEqual(scope)
    expect(credentialScope(PRESIGNED)).toEqual(scope)
    expect(credentialScope(replacing(GET_OBJECT, /.$/, 'x'))).toEqual(scope)
  })

  it('is absent in an anonymous and in a malformed request', () => {
    expect(credentialScope({ url: '/', headers: {} })).toBeUndefined()
    expect(credentialScope({ url: '/', headers: { authorization: 'Basic dTpw' } })).toBeUndefined()
    expect(credentialScope(replacing(GET_OBJECT, 'aws4_request', 'aws5_request'))).toBeUndefined()
  })
})

it('compares only digests of equal length', () => {
  expect(equalHex('ab', 'ab')).toBe(true)
  expect(equalHex('ab', 'ac')).toBe(false)
  expect(equalHex('ab', 'abc')).toBe(false)
})
