import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createS3Store, type S3Store, type S3StoreOptions } from '../../lib/objects/s3.ts'
import { collect, expectCode, patternBytes, readChunks } from '../contracts/object-store.ts'

const body = patternBytes(100)
const object = { bucket: 'contract', key: 'data', size: body.length, etag: 'v1' }

interface FaultyServer {
  readonly store: S3Store
  readonly requests: IncomingMessage[]
}

/** An S3 whose faults `answer` defines, and a store that reads it in parts of 40 bytes. */
async function startServer(answer: RequestListener, options: S3StoreOptions = {}): Promise<FaultyServer> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }
  const store = createS3Store({ region: 'eu-west-1', endpoint, credentials, partBytes: 40, maxRetries: 2, ...options })
  onTestFinished(() => {
    store.close()
    server.closeAllConnections()
    server.close()
  })
  return { store, requests }
}

function rangeOf(request: IncomingMessage): { start: number; end: number } {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  return { start: Number(first), end: Number(last) + 1 }
}

/** Sends the headers of a correct answer to a range request, with `headers` as overrides. */
function beginAnswer(request: IncomingMessage, response: ServerResponse, headers: Record<string, string> = {}): Buffer {
  const { start, end } = rangeOf(request)
  response.writeHead(206, {
    ETag: '"v1"',
    'Content-Range': `bytes ${start}-${end - 1}/${body.length}`,
    'Content-Length': String(end - start),
    ...headers,
  })
  return body.subarray(start, end)
}

function answerWell(request: IncomingMessage, response: ServerResponse): void {
  response.end(beginAnswer(request, response))
}

/** Sends `bytes` bytes of the answer, then cuts the connection. */
function answerAndBreak(request: IncomingMessage, response: ServerResponse, bytes: number): void {
  response.write(beginAnswer(request, response).subarray(0, bytes), () => request.socket.destroy())
}

function answerError(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/xml', ...headers })
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>secret words</Message></Error>`)
}

function rangesOf(requests: IncomingMessage[]): (string | undefined)[] {
  return requests.map(({ headers }) => headers.range)
}

describe('a read', () => {
  test('up to the size of a part is one GET, of the listed version', async () => {
    const { store, requests } = await startServer(answerWell, { partBytes: 100 })
    expect(Buffer.concat(await readChunks(store, object)).equals(body)).toBe(true)
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /contract/data?x-id=GetObject'])
    expect(requests[0]?.headers).toMatchObject({ range: 'bytes=0-99', 'if-match': '"v1"' })
  })

  test('above that size is one GET per part', async () => {
    const { store, requests } = await startServer(answerWell, { concurrency: 1 })
    expect(Buffer.concat(await readChunks(store, object)).equals(body)).toBe(true)
    expect(rangesOf(requests)).toEqual(['bytes=0-39', 'bytes=40-79', 'bytes=80-99'])
  })

  test('runs as many GETs concurrently as allowed', async () => {
    const held: (() => void)[] = []
    let most = 0
    const { store } = await startServer(
      (request, response) => {
        most = Math.max(
          most,
          held.push(() => answerWell(request, response)),
        )
        if (held.length === 3) for (const answer of held.splice(0)) answer()
      },
      { partBytes: 12, concurrency: 3 },
    )
    expect(Buffer.concat(await readChunks(store, object)).equals(body)).toBe(true)
    expect(most).toBe(3)
  })
})

describe('a broken connection', () => {
  test('in the middle of a body is resumed at the byte where it stopped', async () => {
    const cuts = [10, 25]
    const { store, requests } = await startServer(
      (request, response) => {
        const cut = cuts.shift()
        if (cut === undefined) answerWell(request, response)
        else answerAndBreak(request, response, cut)
      },
      { partBytes: 100 },
    )
    expect(Buffer.concat(await readChunks(store, object)).equals(body)).toBe(true)
    expect(rangesOf(requests)).toEqual(['bytes=0-99', 'bytes=10-99', 'bytes=35-99'])
  })

  test('before the answer is retried', async () => {
    let cut = true
    const { store } = await startServer(
      (request, response) => {
        if (cut) request.socket.destroy()
        else answerWell(request, response)
        cut = false
      },
      { partBytes: 100 },
    )
    expect(Buffer.concat(await readChunks(store, object)).equals(body)).toBe(true)
  })

  test('repeatedly fails the read after the retries', async () => {
    const { store, requests } = await startServer((request, response) => answerAndBreak(request, response, 1), {
      partBytes: 100,
    })
    const reading = readChunks(store, object)
    await expectCode(reading, 'STORE_FAILED')
    await expect(reading).rejects.toThrow('S3 failed on object "contract/data": the body broke off 3 times')
    expect(rangesOf(requests)).toEqual(['bytes=0-99', 'bytes=1-99', 'bytes=2-99'])
  })

  test('by silence is resumed as well', async () => {
    let silent = true
    const { store, requests } = await startServer(
      (request, response) => {
        if (silent) response.write(beginAnswer(request, response).subarray(0, 7))
        else answerWell(request, response)
        silent = false
      },
      { partBytes: 100, idleTimeoutMs: 50 },
    )
    expect(Buffer.concat(await readChunks(store, object)).equals(body)).toBe(true)
    expect(rangesOf(requests)).toEqual(['bytes=0-99', 'bytes=7-99'])
  })
})

describe('a server that fails', () => {
  test.each(['stat', 'list', 'read'] as const)('for good fails %s after the retries', async (method) => {
    const { store, requests } = await startServer((_, response) => answerError(response, 500, 'InternalError'), {
      partBytes: 100,
    })
    await expectCode(call(store, method), 'STORE_FAILED')
    expect(requests).toHaveLength(3)
  })

  test('temporarily is retried', async () => {
    let failures = 2
    const { store } = await startServer(
      (request, response) => {
        if (failures-- > 0) answerError(response, 503, 'SlowDown')
        else answerWell(request, response)
      },
      { partBytes: 100 },
    )
    expect(Buffer.concat(await readChunks(store, object)).equals(body)).toBe(true)
  })

  test('is reported by code and status, without its message', async () => {
    const { store } = await startServer((_, response) => answerError(response, 500, 'InternalError'), { maxRetries: 0 })
    await expect(call(store, 'list')).rejects.toThrow('S3 failed on bucket "contract": InternalError (status 500)')
  })

  test('to be reachable is reported by the system’s error', async () => {
    const store = createS3Store({
      region: 'eu-west-1',
      endpoint: 'http://127.0.0.1:1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      maxRetries: 0,
    })
    await expect(store.stat(object)).rejects.toThrow('S3 failed on object "contract/data": ECONNREFUSED')
  })
})

describe('what S3 says', () => {
  test.each([
    ['stat', 403, 'AccessDenied', 'OBJECT_FORBIDDEN'],
    ['list', 403, 'AccessDenied', 'OBJECT_FORBIDDEN'],
    ['read', 403, 'AccessDenied', 'OBJECT_FORBIDDEN'],
    ['read', 401, 'Unauthorized', 'OBJECT_FORBIDDEN'],
    ['read', 412, 'PreconditionFailed', 'OBJECT_CHANGED'],
    ['read', 416, 'InvalidRange', 'OBJECT_RANGE_INVALID'],
    ['read', 404, 'NoSuchKey', 'OBJECT_NOT_FOUND'],
    ['read', 404, 'NoSuchBucket', 'BUCKET_NOT_FOUND'],
    ['list', 404, 'NoSuchBucket', 'BUCKET_NOT_FOUND'],
    ['stat', 404, 'NotFound', 'BUCKET_NOT_FOUND'],
    ['read', 400, 'InvalidRequest', 'STORE_FAILED'],
    ['read', 301, 'PermanentRedirect', 'BUCKET_ELSEWHERE'],
  ] as const)('to %s with %d %s is %s', async (method, status, name, code) => {
    const { store } = await startServer((_, response) => answerError(response, status, name))
    await expectCode(call(store, method), code)
  })

  test.each([
    ['stat', 301],
    ['list', 301],
    ['read', 301],
    ['read', 307],
    ['read', 400],
  ] as const)('to %s with %d and the region of the bucket names both regions', async (method, status) => {
    const { store } = await startServer((_, response) =>
      answerError(response, status, 'PermanentRedirect', { 'x-amz-bucket-region': 'us-east-2' }),
    )
    await expect(call(store, method)).rejects.toMatchObject({
      code: 'BUCKET_ELSEWHERE',
      message: 'bucket "contract" is in us-east-2, not in eu-west-1',
      remedy: 'read it in us-east-2',
    })
  })

  test('with 400 in the right region is a failure', async () => {
    const headers = { 'x-amz-bucket-region': 'eu-west-1' }
    const { store } = await startServer((_, response) => answerError(response, 400, 'InvalidRequest', headers))
    await expectCode(call(store, 'read'), 'STORE_FAILED')
  })

  test('of a missing object is accepted even if the bucket may not be read', async () => {
    const { store } = await startServer((request, response) =>
      answerError(response, request.url?.startsWith('/contract/data') ? 404 : 403, 'x'),
    )
    await expectCode(store.stat(object), 'OBJECT_NOT_FOUND')
  })
})

describe('a server that sends wrong bytes', () => {
  test.each([
    ['another version, with no regard to If-Match', { ETag: '"v2"' }, 'OBJECT_CHANGED'],
    ['another range', { 'Content-Range': 'bytes 1-40/100' }, 'STORE_FAILED'],
    ['no range', { 'Content-Range': '' }, 'STORE_FAILED'],
    ['a shorter object', { 'Content-Range': 'bytes 0-39/99' }, 'OBJECT_RANGE_INVALID'],
  ] as const)('as %s is found out before the first chunk', async (_, headers, code) => {
    const { store } = await startServer((request, response) => response.end(beginAnswer(request, response, headers)))
    await expectCode(
      store
        .read({ ...object, start: 0, end: 100 })
        [Symbol.asyncIterator]()
        .next(),
      code,
    )
  })

  test('half way, as of the version seen, fails the read at that part', async () => {
    const { store } = await startServer((request, response) => {
      const headers = rangeOf(request).start === 40 ? { ETag: '"v2"' } : {}
      response.end(beginAnswer(request, response, headers))
    })
    const received: Uint8Array[] = []
    await expectCode(
      (async () => {
        for await (const chunk of store.read({ ...object, start: 0, end: 100 })) received.push(chunk)
      })(),
      'OBJECT_CHANGED',
    )
    expect(Buffer.concat(received).equals(body.subarray(0, 40))).toBe(true)
  })

  test('more than requested is detected before delivery', async () => {
    const { store } = await startServer((request, response) => {
      const { start, end } = rangeOf(request)
      response.writeHead(206, { ETag: '"v1"', 'Content-Range': `bytes ${start}-${end - 1}/100` })
      response.end(Buffer.concat([body.subarray(start, end), Buffer.from('more')]))
    })
    await expectCode(readChunks(store, object), 'STORE_FAILED')
  })

  test('for an empty range, ignoring If-Match, is detected too', async () => {
    const { store } = await startServer((_, response) =>
      response.writeHead(200, { ETag: '"v2"', 'Content-Length': '9' }).end(),
    )
    await expectCode(readChunks(store, object, { start: 0, end: 0 }), 'OBJECT_CHANGED')
  })

  test('without a version or a size in a stat fails it', async () => {
    const { store } = await startServer((_, response) => response.writeHead(200, { 'Content-Length': '9' }).end())
    await expectCode(store.stat(object), 'STORE_FAILED')
  })
})

describe('an early end aborts the requests', () => {
  /** Waits until all `count` requests have lost their connection. */
  async function expectEnded(requests: IncomingMessage[], count: number): Promise<void> {
    expect(requests).toHaveLength(count)
    await Promise.all(requests.map(({ socket }) => socket.destroyed || new Promise((end) => socket.on('close', end))))
  }

  function answerForever(request: IncomingMessage, response: ServerResponse): void {
    response.write(beginAnswer(request, response).subarray(0, 10))
  }

  test('when the signal aborts while a body is slow', async () => {
    const { store, requests } = await startServer(answerForever, { concurrency: 2 })
    const abort = new AbortController()
    const chunks = store.read({ ...object, start: 0, end: 80, signal: abort.signal })[Symbol.asyncIterator]()
    expect((await chunks.next()).value).toHaveLength(10)
    const second = chunks.next()
    while (requests.length < 2) await new Promise(setImmediate)
    abort.abort('enough')
    await expect(second).rejects.toBe('enough')
    await expectEnded(requests, 2)
  })

  test('when the signal aborts while an answer is slow', async () => {
    const abort = new AbortController()
    const { store, requests } = await startServer(() => abort.abort('enough'))
    for (const method of ['stat', 'list'] as const)
      await expect(call(store, method, abort.signal)).rejects.toBe('enough')
    await expectEnded(requests, 1)
  })

  test('when the signal aborts between retries', async () => {
    const abort = new AbortController()
    const { store } = await startServer(
      (_, response) => {
        response.on('finish', () => setImmediate(() => abort.abort('enough')))
        answerError(response, 503, 'SlowDown')
      },
      { maxRetries: 20 },
    )
    await expect(call(store, 'stat', abort.signal)).rejects.toBe('enough')
  })

  test('when the reader stops', async () => {
    const { store, requests } = await startServer(answerForever, { concurrency: 1 })
    for await (const chunk of store.read({ ...object, start: 0, end: 100 })) {
      expect(chunk).toHaveLength(10)
      break
    }
    await expectEnded(requests, 1)
  })
})

describe('a listing', () => {
  function page(keys: string[], more = ''): string {
    const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size><ETag>&quot;e&quot;</ETag></Contents>`)
    return `<?xml version="1.0"?><ListBucketResult>${contents.join('')}${more}</ListBucketResult>`
  }

  test('follows the token from page to page', async () => {
    const pages = [
      page(['a'], '<IsTruncated>true</IsTruncated><NextContinuationToken>t+/=</NextContinuationToken>'),
      page(['b']),
    ]
    const { store, requests } = await startServer((_, response) => response.end(pages.shift()))
    expect((await collect(store.list(object))).map(({ key }) => key)).toEqual(['a', 'b'])
    expect(new URL(requests[1]?.url ?? '', 'http://s3').searchParams.get('continuation-token')).toBe('t+/=')
  })

  test('decodes keys only if the server says that it encoded them', async () => {
    const pages = [page(['a%2Bb+c%E2%82%AC'], '<EncodingType>url</EncodingType>'), page(['a%2Bb+c'])]
    const { store } = await startServer((_, response) => response.end(pages.shift()))
    expect(await collect(store.list(object))).toMatchObject([{ key: 'a+b c€', size: 1, etag: 'e' }])
    expect(await collect(store.list(object))).toMatchObject([{ key: 'a%2Bb+c' }])
  })
})

function call(store: S3Store, method: 'stat' | 'list' | 'read', signal?: AbortSignal): Promise<unknown> {
  const { bucket, key } = object
  if (method === 'stat') return store.stat({ bucket, key }, signal)
  const options = signal ? { signal } : {}
  return method === 'list' ? collect(store.list({ bucket, ...options })) : readChunks(store, object, options)
}
