import { createHash, createHmac } from 'node:crypto'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openPayload } from '../../../lib/local/http/payload.ts'
import { authenticate, type PayloadCheck } from '../../../lib/local/http/sigv4.ts'

/** The keys and signatures of "Transferring payload in multiple chunks", Amazon S3 API Reference. */
const ACCESS_KEY = 'AKIAIOSFODNN7EXAMPLE'
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const CHUNK_SIGNATURES = [
  'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
  'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
]

function bodyOf(pieces: readonly Buffer[], headers: Record<string, string> = {}) {
  return Object.assign(Readable.from(pieces, { objectMode: false }), { headers })
}

/** Cuts a buffer into chunks at the given positions, as a network can. */
function cut(body: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let start = 0
  for (const size of sizes) {
    pieces.push(body.subarray(start, start + size))
    start += size
  }
  return [...pieces, body.subarray(start)].filter((piece) => piece.length > 0)
}

interface Read {
  readonly content: Buffer
  readonly trailers: Record<string, string>
}

async function read(body: ReturnType<typeof bodyOf>, check: PayloadCheck): Promise<Read> {
  const { chunks, trailers } = openPayload(body, check)
  const read: Buffer[] = []
  for await (const chunk of chunks) read.push(chunk)
  return { content: Buffer.concat(read), trailers: Object.fromEntries(trailers) }
}

const code = (call: Promise<unknown>) =>
  call.then(
    () => 'none',
    (error: { code?: string }) => error.code,
  )

/** The example's request. Its signature is the seed of the chunks' signature chain. */
function exampleCheck(): PayloadCheck {
  const headers = {
    host: 's3.amazonaws.com',
    'x-amz-date': '20130524T000000Z',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': '66560',
    'content-length': '66824',
  }
  const signed =
    'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class'
  const signature = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
  const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signed},Signature=${signature}`
  const request = { method: 'PUT', url: '/examplebucket/chunkObject.txt', headers: { ...headers, authorization } }
  return authenticate(request, { credentials: new Map([[ACCESS_KEY, SECRET]]), now: () => Date.UTC(2013, 4, 24) })
    .payload
}

function exampleBody(signatures = CHUNK_SIGNATURES, fill = 'a'): Buffer {
  const chunks = [65_536, 1024, 0].map((size, i) =>
    Buffer.from(`${size.toString(16)};chunk-signature=${signatures[i]}\r\n${fill.repeat(size)}\r\n`),
  )
  return Buffer.concat(chunks)
}

describe('signed chunks', () => {
  it('of the S3 API Reference are decoded completely, wherever the network cuts them', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(cuts, async (sizes) => {
        const { content } = await read(bodyOf(cut(exampleBody(), sizes)), exampleCheck())
        expect(content.equals(Buffer.alloc(66_560, 'a'))).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it.each([0, 1, 2])('are refused when signature %i is wrong', async (i) => {
    const signatures = CHUNK_SIGNATURES.with(i, '0'.repeat(64))
    expect(await code(read(bodyOf([exampleBody(signatures)]), exampleCheck()))).toBe('SignatureDoesNotMatch')
  })

  it('are refused if the content differs', async () => {
    expect(await code(read(bodyOf([exampleBody(CHUNK_SIGNATURES, 'b')]), exampleCheck()))).toBe('SignatureDoesNotMatch')
  })

  it('are refused without signatures, with unannounced trailers, and if truncated', async () => {
    const unsigned = Buffer.from('1\r\na\r\n0\r\n\r\n')
    expect(await code(read(bodyOf([unsigned]), exampleCheck()))).toBe('SignatureDoesNotMatch')
    const trailing = Buffer.concat([
      exampleBody().subarray(0, -2),
      Buffer.from('x-amz-checksum-crc32:AAAAAA==\r\n\r\n'),
    ])
    expect(await code(read(bodyOf([trailing]), exampleCheck()))).toBe('MalformedTrailerError')
    for (const length of [10, 50_000, 65_700, exampleBody().length - 1])
      expect(await code(read(bodyOf([exampleBody().subarray(0, length)]), exampleCheck()))).toBe('IncompleteBody')
  })
})

describe('signed trailers', () => {
  const signer = {
    seed: 'seed',
    signChunk: (previous: string, digest: string) =>
      createHmac('sha256', 'k')
        .update(previous + digest)
        .digest('hex'),
    signTrailers: (previous: string, digest: string) =>
      createHmac('sha256', 't')
        .update(previous + digest)
        .digest('hex'),
  }
  const check: PayloadCheck = { kind: 'chunked', signer, trailers: true }
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

  const TRAILER = 'x-amz-checksum-crc32:y/Q5Jg=='

  function signedBody(signedTrailer = TRAILER): Buffer {
    const first = signer.signChunk('seed', sha256('hello'))
    const last = signer.signChunk(first, sha256(''))
    const signature = signer.signTrailers(last, sha256(`${signedTrailer}\n`))
    const head = `5;chunk-signature=${first}\r\nhello\r\n0;chunk-signature=${last}\r\n`
    return Buffer.from(`${head}${TRAILER}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`)
  }

  it('are returned with the content', async () => {
    const { content, trailers } = await read(bodyOf([signedBody()]), check)
    expect(content.toString()).toBe('hello')
    expect(trailers).toMatchObject({ 'x-amz-checksum-crc32': 'y/Q5Jg==' })
  })

  it('are refused if changed or not signed', async () => {
    const changed = signedBody('x-amz-checksum-crc32:AAAAAA==')
    expect(await code(read(bodyOf([changed]), check))).toBe('SignatureDoesNotMatch')
    const unsigned = Buffer.from(
      signedBody()
        .toString()
        .replace(/x-amz-trailer-signature:.*\r\n/, ''),
    )
    expect(await code(read(bodyOf([unsigned]), check))).toBe('SignatureDoesNotMatch')
  })
})

describe('unsigned chunks', () => {
  const check: PayloadCheck = { kind: 'chunked', trailers: true }
  const frame = (chunks: readonly Buffer[], trailers = '') => {
    const framed = chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16)}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ])
    return Buffer.concat([...framed, Buffer.from(`0\r\n${trailers}\r\n`)])
  }

  it('are decoded completely, for any framing and any cuts', async () => {
    const chunk = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }))
    await fc.assert(
      fc.asyncProperty(fc.array(chunk), sizes, async (chunks, sizes) => {
        const { content, trailers } = await read(bodyOf(cut(frame(chunks, 'A: b\r\n'), sizes)), check)
        expect(content.equals(Buffer.concat(chunks))).toBe(true)
        expect(trailers).toEqual({ a: 'b' })
      }),
    )
  })

  it.each<[string, string, string]>([
    ['a size that is no number', 'x\r\n', 'IncompleteBody'],
    ['a negative size', '-1\r\n', 'IncompleteBody'],
    ['a size beyond reason', 'fffffffffffff\r\n', 'IncompleteBody'],
    ['more bytes than the size says', '1\r\nab\r\n0\r\n\r\n', 'IncompleteBody'],
    ['no end', '1\r\na\r\n', 'IncompleteBody'],
    ['a line without end', 'a'.repeat(10_000), 'IncompleteBody'],
    ['a trailer without a name', '0\r\n:x\r\n\r\n', 'MalformedTrailerError'],
    ['a trailer without a colon', '0\r\nx\r\n\r\n', 'MalformedTrailerError'],
    [
      'trailers without end',
      `0\r\n${Array.from({ length: 20 }, (_, i) => `t${i}:x\r\n`).join('')}\r\n`,
      'MalformedTrailerError',
    ],
  ])('are refused with %s', async (_, body, expected) => {
    expect(await code(read(bodyOf([Buffer.from(body)]), check))).toBe(expected)
  })

  it('are refused if their sum differs from the stated length', async () => {
    const body = frame([Buffer.from('four')])
    const headers = (length: string) => ({ 'x-amz-decoded-content-length': length })
    expect((await read(bodyOf([body], headers('4')), check)).content.toString()).toBe('four')
    expect(await code(read(bodyOf([body], headers('3')), check))).toBe('IncompleteBody')
    expect(await code(read(bodyOf([body], headers('5')), check))).toBe('IncompleteBody')
    expect(await code((async () => read(bodyOf([body], headers('4 ')), check))())).toBe('InvalidArgument')
  })
})

describe('bodies in one piece', () => {
  it('are accepted if their hash is the stated one', async () => {
    const digest = createHash('sha256').update('body').digest('hex')
    const pieces = () => bodyOf([Buffer.from('bo'), Buffer.from('dy')])
    expect((await read(pieces(), { kind: 'sha256', digest })).content.toString()).toBe('body')
    expect(await code(read(pieces(), { kind: 'sha256', digest: '0'.repeat(64) }))).toBe('XAmzContentSHA256Mismatch')
  })

  it('are accepted unsigned, with only their length checked', async () => {
    const body = (length: string) => bodyOf([Buffer.from('body')], { 'content-length': length })
    expect((await read(body('4'), { kind: 'unsigned' })).content.toString()).toBe('body')
    expect(await code(read(body('5'), { kind: 'unsigned' }))).toBe('IncompleteBody')
  })

  it('can be drained by a reader that stops early', async () => {
    const body = bodyOf([Buffer.from('one'), Buffer.from('two'), Buffer.from('three')])
    for await (const _ of openPayload(body, { kind: 'unsigned' }).chunks) break
    const rest: Buffer[] = []
    for await (const chunk of body) rest.push(chunk as Buffer)
    expect(Buffer.concat(rest).toString()).toContain('three')
  })
})
