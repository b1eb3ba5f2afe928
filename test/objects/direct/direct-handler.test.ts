import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { DirectHandler } from '../../../lib/objects/direct/direct-handler.ts'
import { giveBack } from '../../../lib/objects/slabs.ts'
import { patternBytes } from '../../contracts/object-store.ts'

const body = patternBytes(4 * 2 ** 20 + 7)

/** A server, and a handler that asks it for a range. */
async function start(answer: RequestListener = (_, response) => response.end(body)) {
  const connections: unknown[] = []
  const targets: (string | undefined)[] = []
  const server = createServer((request, response) => {
    targets.push(request.url)
    answer(request, response)
  })
  server.on('connection', (socket) => connections.push(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const handler = new DirectHandler({ connectionTimeout: 1000, socketTimeout: 10_000 })
  onTestFinished(() => {
    handler.destroy()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const request = {
    protocol: 'http:',
    hostname: '127.0.0.1',
    port,
    method: 'GET',
    path: '/key',
    query: { 'x-id': 'a b' },
  }
  const ask = async (options: { headers?: Record<string, string>; abortSignal?: AbortSignal } = {}) => {
    const { headers = { range: 'bytes=0-' }, abortSignal } = options
    const sent = { ...request, headers: { host: 'there', ...headers } }
    return (await handler.handle(sent as never, abortSignal ? { abortSignal } : {})).response
  }
  return { ask, connections, targets }
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

test('a range comes whole, and chunks that are kept are not overwritten', async () => {
  const { ask, targets } = await start()
  const { statusCode, headers, body: stream } = await ask()
  expect([statusCode, headers['content-length']]).toEqual([200, String(body.length)])
  expect((await collect(stream)).equals(body)).toBe(true)
  expect(targets).toEqual(['/key?x-id=a%20b'])
})

test('memory that is given back serves again, and every answer is whole', async () => {
  const { ask, connections } = await start()
  const memories = new Set<unknown>()
  for (let round = 0; round < 4; round++) {
    let at = 0
    for await (const chunk of (await ask()).body as AsyncIterable<Buffer>) {
      expect(chunk.equals(body.subarray(at, at + chunk.length))).toBe(true)
      at += chunk.length
      memories.add(chunk.buffer)
      giveBack(chunk)
    }
    expect(at).toBe(body.length)
  }
  expect(connections).toHaveLength(1)
  // Without giving back it would take more than thirty pieces of half a MiB.
  expect(memories.size).toBeLessThan(24)
})

test('a reader that pauses gets the rest when it goes on', async () => {
  const { ask } = await start()
  const { body: stream } = await ask()
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    stream.pause()
    setImmediate(() => stream.resume())
  })
  await once(stream, 'end')
  expect(Buffer.concat(chunks).equals(body)).toBe(true)
})

test('an error in chunks is read, and its connection not used again', async () => {
  const { ask, connections } = await start((_, response) => {
    response.writeHead(503)
    response.write('<Error>')
    setImmediate(() => response.end('</Error>'))
  })
  for (let round = 0; round < 2; round++) {
    const { statusCode, body: stream } = await ask()
    expect([statusCode, String(await collect(stream))]).toEqual([503, '<Error></Error>'])
  }
  expect(connections).toHaveLength(2)
})

test('what it can not read is asked for again by a whole client', async () => {
  const { ask, targets } = await start((_, response) => {
    response.writeHead(206)
    for (let at = 0; at < body.length; at += 2 ** 20) response.write(body.subarray(at, at + 2 ** 20))
    response.end()
  })
  expect((await collect((await ask()).body)).equals(body)).toBe(true)
  expect(targets).toHaveLength(2)
})

test('whatever is not for a range goes the usual way', async () => {
  const { ask } = await start()
  const { body: stream } = await ask({ headers: {} })
  expect(stream.constructor.name).toBe('IncomingMessage')
})

test('an abort ends what waits for an answer', async () => {
  const { ask } = await start(() => {})
  const abort = new AbortController()
  const asking = ask({ abortSignal: abort.signal })
  setImmediate(() => abort.abort())
  await expect(asking).rejects.toMatchObject({ name: 'AbortError' })
  await expect(ask({ abortSignal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' })
})

test('a body that is cut off fails, and the next request gets another connection', async () => {
  let cut = true
  const { ask } = await start((request, response) => {
    if (!cut) return response.end(body)
    cut = false
    response.writeHead(206, { 'content-length': '10' })
    return response.write('abc', () => request.socket.destroy())
  })
  await expect(collect((await ask()).body)).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect((await collect((await ask()).body)).equals(body)).toBe(true)
})

test('a reader that leaves ends its own connection, and no other', async () => {
  const { ask, connections } = await start()
  const left = (await ask()).body as Readable
  const kept = (await ask()).body as Readable
  left.destroy()
  expect((await collect(kept)).equals(body)).toBe(true)
  expect(connections).toHaveLength(2)
})

test('nobody there is said as the system says it', async () => {
  const handler = new DirectHandler({ connectionTimeout: 1000, socketTimeout: 1000 })
  const request = {
    protocol: 'http:',
    hostname: '127.0.0.1',
    port: 1,
    method: 'GET',
    path: '/',
    headers: { range: 'x' },
  }
  await expect(handler.handle(request as never)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
