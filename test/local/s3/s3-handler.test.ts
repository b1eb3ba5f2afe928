import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignatureV4 } from '@smithy/signature-v4'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createS3Handler } from '../../../lib/local/s3/s3-handler.ts'
import { type S3Server, startS3Server } from '../../../lib/local/s3/server.ts'
import { Sha256 } from '../s3-target.ts'

const KEY = { accessKeyId: 'local', secretAccessKey: 'secret' }
const REGIONS = ['us-east-1', 'eu-west-1']
const UNSIGNED = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }

let dir: string
let server: S3Server
let reported: Error[]

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-s3-'))
  reported = []
  await start()
  await call({ method: 'PUT', path: '/bucket' })
})
afterEach(async () => {
  await server.close()
  await rm(dir, { recursive: true })
})

async function start(): Promise<void> {
  const credentials = new Map([[KEY.accessKeyId, KEY.secretAccessKey]])
  const report = (error: Error) => void reported.push(error)
  server = await startS3Server({ dir, regions: REGIONS, credentials, fsync: false, report })
}

interface Call {
  readonly method?: string
  readonly path: string
  readonly query?: Record<string, string>
  readonly headers?: Record<string, string>
  readonly body?: Buffer | string
  readonly region?: string
  readonly service?: string
  readonly agent?: Agent
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** Sends one signed request with exactly the given headers. */
async function signed({ method = 'GET', path, query = {}, headers = {}, region = REGIONS[0]!, service = 's3' }: Call) {
  const { hostname, port, host } = new URL(server.endpoint)
  const signer = new SignatureV4({ service, region, credentials: KEY, sha256: Sha256, uriEscapePath: false })
  const bare = { method, protocol: 'http:', hostname, port: Number(port), path, query }
  const { headers: signedHeaders } = await signer.sign({ ...bare, headers: { host, ...UNSIGNED, ...headers } })
  const pairs = Object.entries(query).map((pair) => pair.map(encodeURIComponent).join('='))
  const target = pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
  return { method, hostname, port, path: target, headers: signedHeaders }
}

async function call(options: Call): Promise<Answer> {
  const { body = '', agent } = options
  const request = httpRequest({ ...(await signed(options)), ...(agent && { agent }) })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  request.on('error', () => {}) // a server that has answered need not take the rest of the body
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode!, headers: response.headers, text: Buffer.concat(chunks).toString() }
}

const put = (key: string, body: Buffer | string, headers: Record<string, string> = {}) =>
  call({ method: 'PUT', path: `/bucket/${key}`, headers: { 'content-length': `${body.length}`, ...headers }, body })

async function blobFiles(): Promise<number> {
  const entries = await readdir(join(dir, 'us-east-1/bucket/blobs'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).length
}

describe('errors', () => {
  it('are documents with the code, the resource and the id of the request', async () => {
    const { status, headers, text } = await call({ path: '/bucket/no%3Cwhere%3E' })
    expect(status).toBe(404)
    expect(text).toContain('<Code>NoSuchKey</Code>')
    expect(text).toContain('<Key>no&#60;where&#62;</Key><Resource>/bucket/no%3Cwhere%3E</Resource>')
    expect(text).toContain(`<RequestId>${headers['x-amz-request-id']}</RequestId>`)
  })

  it('have no body on HEAD', async () => {
    expect(await call({ method: 'HEAD', path: '/bucket/nowhere' })).toMatchObject({ status: 404, text: '' })
    expect(await call({ method: 'HEAD', path: '/nowhere' })).toMatchObject({ status: 404, text: '' })
  })

  it('redirect to another region, also for HEAD', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await call({ method, path: '/bucket', region: 'eu-west-1' })
      expect([status, headers['x-amz-bucket-region']]).toEqual([301, 'us-east-1'])
    }
  })

  it.each<[string, Call, number, string]>([
    ['a region this S3 has not', { path: '/bucket', region: 'mars-north-1' }, 400, 'AuthorizationHeaderMalformed'],
    ['a signature for another service', { path: '/bucket', service: 'lambda' }, 400, 'AuthorizationHeaderMalformed'],
    ['an operation it does not do', { path: '/bucket', query: { versioning: '' } }, 501, 'NotImplemented'],
    ['an operation on an object it does not do', { path: '/bucket/k', query: { tagging: '' } }, 501, 'NotImplemented'],
    ['versions', { path: '/bucket/k', query: { versionId: '1' } }, 501, 'NotImplemented'],
    ['a method nobody knows', { method: 'PATCH', path: '/bucket/k' }, 405, 'MethodNotAllowed'],
    ['a method for the service', { method: 'POST', path: '/' }, 405, 'MethodNotAllowed'],
    [
      'a page size that is no number',
      { path: '/bucket', query: { 'list-type': '2', 'max-keys': 'x' } },
      400,
      'InvalidArgument',
    ],
    [
      'a continuation token of its own making',
      { path: '/bucket', query: { 'list-type': '2', 'continuation-token': '?' } },
      400,
      'InvalidArgument',
    ],
    ['an encoding nobody knows', { path: '/bucket', query: { 'encoding-type': 'rot13' } }, 400, 'InvalidArgument'],
    [
      'a part that is none',
      { method: 'PUT', path: '/bucket/k', query: { uploadId: 'u', partNumber: '0' } },
      404,
      'NoSuchUpload',
    ],
    [
      'an override that would split the header',
      { path: '/bucket/k', query: { 'response-content-type': 'a\r\nb: c' } },
      400,
      'InvalidArgument',
    ],
  ])('refuse %s', async (_, request, status, code) => {
    await put('k', 'x')
    const answer = await call(request)
    expect(answer.text).toContain(`<Code>${code}</Code>`)
    expect(answer.status).toBe(status)
  })

  it.each<[string, Record<string, string>]>([
    ['x-amz-acl', { 'x-amz-acl': 'public-read' }],
    ['x-amz-storage-class', { 'x-amz-storage-class': 'GLACIER' }],
    ['x-amz-server-side-encryption', { 'x-amz-server-side-encryption': 'AES256' }],
    ['x-amz-tagging', { 'x-amz-tagging': 'a=b' }],
    ['x-amz-object-lock-mode', { 'x-amz-object-lock-mode': 'COMPLIANCE' }],
    ['x-amz-expected-bucket-owner', { 'x-amz-expected-bucket-owner': '111122223333' }],
  ])('refuse %s rather than drop it', async (_, headers) => {
    expect(await put('k', 'x', headers)).toMatchObject({ status: 501 })
    expect(await call({ path: '/bucket/k' })).toMatchObject({ status: 404 })
  })

  it('accept the same headers with the value that this S3 always uses', async () => {
    expect(await put('k', 'x', { 'x-amz-acl': 'private', 'x-amz-storage-class': 'STANDARD' })).toMatchObject({
      status: 200,
    })
  })

  it('that are unexpected become InternalError without their text, and are reported', async () => {
    await put('k', 'x')
    await server.close()
    await writeFile(join(dir, 'us-east-1/bucket/journal.jsonl'), 'damaged\n')
    await start()
    const { status, text } = await call({ path: '/bucket/k' })
    expect(status).toBe(500)
    expect(text).toContain('<Code>InternalError</Code>')
    expect(text).not.toContain('journal')
    expect(reported.map((error) => error.message)).toEqual([expect.stringContaining('is damaged')])
  })
})

describe('puts', () => {
  it('require a length', async () => {
    const request = httpRequest(await signed({ method: 'PUT', path: '/bucket/k' }))
    request.write('no length')
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(response.resume().statusCode).toBe(411)
  })

  it('above 5 GiB are refused before their first byte', async () => {
    const request = httpRequest(
      await signed({ method: 'PUT', path: '/bucket/k', headers: { 'content-length': `${5 * 2 ** 30 + 1}` } }),
    )
    request.on('error', () => {})
    request.flushHeaders()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(400)
    request.destroy()
  })

  it.each<[string, Record<string, string>, string]>([
    ['a Content-MD5 that is none', { 'content-md5': 'AAAA' }, 'InvalidDigest'],
    ['another Content-MD5', { 'content-md5': createHash('md5').digest('base64') }, 'BadDigest'],
    ['another checksum', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'BadDigest'],
    ['two checksums', { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-sha1': 'x' }, 'InvalidRequest'],
    ['a checksum nobody knows', { 'x-amz-sdk-checksum-algorithm': 'CRC7' }, 'InvalidRequest'],
    ['another hash of the payload', { 'x-amz-content-sha256': '0'.repeat(64) }, 'XAmzContentSHA256Mismatch'],
    ['2 KB of metadata and a byte', { 'x-amz-meta-abc': 'x'.repeat(2046) }, 'MetadataTooLarge'],
  ])('with %s are refused, and leave nothing behind', async (_, headers, code) => {
    const answer = await put('k', 'body', headers)
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining(`<Code>${code}</Code>`) })
    expect(await blobFiles()).toBe(0)
  })

  it('keep the connection usable after an early refusal', async () => {
    await put('k', 'x')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const body = randomBytes(3_000_000)
    const headers = { 'content-length': `${body.length}`, 'if-none-match': '*' }
    for (let i = 0; i < 2; i++)
      expect(await call({ method: 'PUT', path: '/bucket/k', headers, body, agent })).toMatchObject({ status: 412 })
    expect(await call({ path: '/bucket/k', agent })).toMatchObject({ status: 200, text: 'x' })
    agent.destroy()
  })

  it('keep the connection usable after a refusal in the middle', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const body = Buffer.concat([Buffer.from('1\r\nab\r\n'), randomBytes(3_000_000)])
    const headers = {
      'content-length': `${body.length}`,
      'x-amz-decoded-content-length': '1',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    }
    const refused = await call({ method: 'PUT', path: '/bucket/k', headers, body, agent })
    expect(refused).toMatchObject({ status: 400, text: expect.stringContaining('IncompleteBody') })
    expect(await call({ path: '/bucket/k', agent })).toMatchObject({ status: 404 })
    agent.destroy()
  })

  it('fail if their trailer is missing', async () => {
    const body = '4\r\nbody\r\n0\r\n\r\n'
    const headers = {
      'x-amz-decoded-content-length': '4',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-trailer': 'x-amz-checksum-crc32',
    }
    expect(await put('k', body, headers)).toMatchObject({
      status: 400,
      text: expect.stringContaining('MalformedTrailerError'),
    })
  })

  it('do not keep chunk encoding as metadata', async () => {
    const headers = {
      'x-amz-decoded-content-length': '4',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'content-encoding': 'aws-chunked, gzip',
    }
    await put('k', '4\r\nbody\r\n0\r\n\r\n', headers)
    expect(await call({ path: '/bucket/k' })).toMatchObject({ text: 'body', headers: { 'content-encoding': 'gzip' } })
  })

  it('leave nothing behind if the client disconnects, and keep the old object', async () => {
    await put('k', 'old')
    const request = httpRequest(
      await signed({ method: 'PUT', path: '/bucket/k', headers: { 'content-length': '1000000' } }),
    )
    request.on('error', () => {})
    request.write(randomBytes(300_000))
    await expect.poll(blobFiles).toBe(2)
    request.destroy()
    await expect.poll(blobFiles).toBe(1)
    expect(await call({ path: '/bucket/k' })).toMatchObject({ text: 'old' })
    expect(reported).toEqual([])
  })
})

describe('gets', () => {
  it('release the bytes if the client disconnects', async () => {
    await put('k', randomBytes(8_000_000))
    const request = httpRequest(await signed({ path: '/bucket/k' }))
    request.on('error', () => {})
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await once(response, 'readable')
    await call({ method: 'DELETE', path: '/bucket/k' })
    expect(await blobFiles()).toBe(1)
    request.destroy()
    await expect.poll(blobFiles).toBe(0)
    expect(reported).toEqual([])
  })

  it('continue to the end for a slow reader, while the object is replaced', async () => {
    const old = randomBytes(40_000_000) // more than the sockets' buffers hold
    await put('k', old)
    const request = httpRequest(await signed({ path: '/bucket/k' }))
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await put('k', 'new')
    const hash = createHash('md5')
    for await (const chunk of response) hash.update(chunk)
    expect(hash.digest('hex')).toBe(createHash('md5').update(old).digest('hex'))
    expect(await call({ path: '/bucket/k' })).toMatchObject({ text: 'new' })
  })

  it('can set headers of the response', async () => {
    await put('k', 'x', { 'content-type': 'text/plain' })
    const query = { 'response-content-type': 'text/html', 'response-content-disposition': 'attachment' }
    const { headers } = await call({ path: '/bucket/k', query })
    expect(headers).toMatchObject({ 'content-type': 'text/html', 'content-disposition': 'attachment' })
  })

  it('answer 304 with nothing but the tag', async () => {
    const { headers } = await put('k', 'x')
    const answer = await call({ path: '/bucket/k', headers: { 'if-none-match': headers.etag! } })
    expect(answer).toMatchObject({ status: 304, text: '', headers: { etag: headers.etag } })
    expect(answer.headers['content-length']).toBeUndefined()
  })

  it('read the bucket from the host name too', async () => {
    await put('deep/key', 'x')
    expect(await call({ path: '/deep/key', headers: { host: 'bucket.localhost:9000' } })).toMatchObject({ text: 'x' })
  })
})

describe('completing an upload', () => {
  const xmlText = (text: string, name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(text)![1]!

  it('never refers to a part that was uploaded again concurrently', async () => {
    const uploads = { uploads: '' }
    const { text } = await call({
      method: 'POST',
      path: '/bucket/k',
      query: uploads,
      headers: { 'x-amz-checksum-algorithm': 'CRC32' },
    })
    const uploadId = xmlText(text, 'UploadId')
    const putPart = async () => {
      const query = { uploadId, partNumber: '1' }
      return call({ method: 'PUT', path: '/bucket/k', query, body: 'same', headers: { 'content-length': '4' } })
    }
    const etag = (await putPart()).headers.etag
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
    const complete = () => call({ method: 'POST', path: '/bucket/k', query: { uploadId }, body })
    const [, completed] = await Promise.all([putPart(), complete(), putPart()])
    if (completed.text.includes('InvalidPart')) await complete()
    expect(await call({ path: '/bucket/k' })).toMatchObject({ status: 200, text: 'same' })
  })
})

describe('buckets', () => {
  it.each(['ab', 'A-b', '-ab', 'a..b', '10.0.0.1', 'a_b', 'a'.repeat(64), '..', '.hidden'])(
    'are not called %s',
    async (name) => {
      expect(await call({ method: 'PUT', path: `/${name}` })).toMatchObject({ status: 400 })
    },
  )

  it('are created in the requested region, or not at all', async () => {
    const create = (region: string, constraint: string) => {
      const body = `<CreateBucketConfiguration><LocationConstraint>${constraint}</LocationConstraint></CreateBucketConfiguration>`
      return call({
        method: 'PUT',
        path: `/in-${constraint}`,
        region,
        body,
        headers: { 'content-length': `${body.length}` },
      })
    }
    expect(await create('eu-west-1', 'eu-west-1')).toMatchObject({ status: 200 })
    expect(await create('us-east-1', 'eu-west-2')).toMatchObject({ status: 400 })
    expect(await call({ method: 'PUT', path: '/no-constraint', region: 'eu-west-1' })).toMatchObject({ status: 400 })
  })

  it('can be created again by their owner, only in their region', async () => {
    await put('k', 'x')
    expect(await call({ method: 'PUT', path: '/bucket' })).toMatchObject({ status: 200 })
    expect(await call({ path: '/bucket/k' })).toMatchObject({ text: 'x' })
    const body =
      '<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>'
    const elsewhere = {
      method: 'PUT',
      path: '/bucket',
      region: 'eu-west-1',
      body,
      headers: { 'content-length': `${body.length}` },
    }
    expect(await call(elsewhere)).toMatchObject({
      status: 409,
      text: expect.stringContaining('BucketAlreadyOwnedByYou'),
    })
  })

  it('can be made without a request', async () => {
    const handler = createS3Handler({ dir: join(dir, 'other'), regions: REGIONS, credentials: new Map(), fsync: false })
    await handler.createBucket('eu-west-1', 'made')
    await handler.createBucket('eu-west-1', 'made')
    await expect(handler.createBucket('eu-west-1', '../made')).rejects.toMatchObject({ code: 'InvalidBucketName' })
    await expect(handler.createBucket('us-east-1', 'made')).rejects.toMatchObject({ code: 'BucketAlreadyOwnedByYou' })
    await handler.close()
    expect(await readdir(join(dir, 'other/eu-west-1'))).toEqual(['made'])
  })
})

describe('deleting many', () => {
  const deletion = (body: string, headers: Record<string, string> = {}) =>
    call({
      method: 'POST',
      path: '/bucket',
      query: { delete: '' },
      body,
      headers: { 'content-length': `${body.length}`, ...headers },
    })

  it('is quiet if asked', async () => {
    const answer = await deletion('<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object></Delete>')
    expect(answer.status).toBe(200)
    expect(answer.text).not.toContain('Deleted')
  })

  it.each<[string, string, Record<string, string>, string]>([
    ['no keys', '<Delete></Delete>', {}, 'MalformedXML'],
    ['an empty key', '<Delete><Object><Key></Key></Object></Delete>', {}, 'MalformedXML'],
    ['1,001 keys', `<Delete>${'<Object><Key>k</Key></Object>'.repeat(1001)}</Delete>`, {}, 'MalformedXML'],
    [
      'another digest',
      '<Delete><Object><Key>k</Key></Object></Delete>',
      { 'content-md5': createHash('md5').digest('base64') },
      'BadDigest',
    ],
    [
      'another checksum',
      '<Delete><Object><Key>k</Key></Object></Delete>',
      { 'x-amz-checksum-crc32': 'AAAAAA==' },
      'BadDigest',
    ],
  ])('is refused with %s', async (_, body, headers, code) => {
    await put('k', 'x')
    expect(await deletion(body, headers)).toMatchObject({
      status: 400,
      text: expect.stringContaining(`<Code>${code}</Code>`),
    })
    expect(await call({ path: '/bucket/k' })).toMatchObject({ status: 200 })
  })

  it('is refused above 8 MiB, before it is read', async () => {
    expect(await deletion(' '.repeat(8 * 2 ** 20 + 1))).toMatchObject({
      status: 400,
      text: expect.stringContaining('EntityTooLarge'),
    })
  })
})

it('keeps everything over a restart', async () => {
  await put('k', 'x', { 'x-amz-meta-colour': 'blue', 'x-amz-checksum-algorithm': 'SHA256' })
  await server.close()
  await start()
  const answer = await call({ path: '/bucket/k', headers: { 'x-amz-checksum-mode': 'ENABLED' } })
  expect(answer).toMatchObject({ status: 200, text: 'x', headers: { 'x-amz-meta-colour': 'blue' } })
  expect(answer.headers['x-amz-checksum-sha256']).toBe(createHash('sha256').update('x').digest('base64'))
})

it('survives malformed requests', async () => {
  const { hostname, port } = new URL(server.endpoint)
  for (const line of [
    'GET / HTTP/1.1\r\n\r\n',
    'GET http://x/ HTTP/1.1\r\nhost: x\r\n\r\n',
    'PUT /%zz HTTP/1.1\r\nhost: x\r\n\r\n',
  ]) {
    const socket = createConnection(Number(port), hostname)
    socket.end(line)
    socket.resume()
    await once(socket, 'close')
  }
  expect(await put('k', 'x')).toMatchObject({ status: 200 })
})
