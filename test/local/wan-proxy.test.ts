import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, get as getOverTls, Agent as TlsAgent } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLine } from '../../lib/local/pacing.ts'
import { makeCertificates } from '../../lib/local/tls/certificates.ts'
import { createWanProxy, type WanProxy } from '../../lib/local/wan-proxy.ts'

/** The region's side, the proxy in front of it, and what the proxy waited for. */
let arrivals: Server
let front: Server
let proxy: WanProxy
let waits: number[]
let carryOn: typeof serve
let serve: (call: IncomingMessage, reply: ServerResponse) => void
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

beforeEach(async () => {
  waits = []
  arrivals = createServer((call, reply) => serve(call, reply)).listen(0, '127.0.0.1')
  await once(arrivals, 'listening')
  const sleep = async (ms: number) => void (ms > 0 && waits.push(ms))
  proxy = createWanProxy((arrivals.address() as AddressInfo).port, { now: () => performance.now(), sleep })
  const line = createLine(1e12)
  const path = { rttMs: 80, there: [line], back: [line] }
  const carry = (call: IncomingMessage, reply: ServerResponse) =>
    void proxy.forward(call, reply, String(call.headers['x-region'] ?? 'eu-west-1'), path)
  carryOn = carry
  front = createServer(carry).on('checkContinue', carry).listen(0, '127.0.0.1')
  await once(front, 'listening')
})
afterEach(() => {
  proxy.close()
  for (const server of [front, arrivals]) {
    server.close()
    server.closeAllConnections()
  }
})

async function call(method: string, path: string, headers: Record<string, string> = {}, body?: Buffer) {
  const { port } = front.address() as AddressInfo
  const sent = request({ host: '127.0.0.1', port, agent, method, path, headers }).end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return answer
}

test('a connection costs a round trip once per region, a request half of one, and its answer the other half', async () => {
  serve = (_, reply) => void reply.end('ok')
  await text(await call('GET', '/'))
  expect(waits).toEqual([80, 40, 40])
  await text(await call('GET', '/'))
  expect(waits.slice(3)).toEqual([40, 40])
  await text(await call('GET', '/', { 'x-region': 'us-east-1' }))
  expect(waits.slice(5)).toEqual([80, 40, 40])
})

test('a connection with TLS costs two, once', async () => {
  serve = (_, reply) => void reply.end('ok')
  const { ca, cert, key } = makeCertificates(Date.now())
  const server = createTlsServer({ cert, key }, carryOn).listen(0, '127.0.0.1')
  const { port } = (await once(server, 'listening').then(() => server.address())) as AddressInfo
  const kept = new TlsAgent({ keepAlive: true, ca })
  for (const expected of [
    [160, 40, 40],
    [40, 40],
  ]) {
    waits.length = 0
    const [answer] = await once(getOverTls({ host: '127.0.0.1', port, agent: kept }), 'response')
    await text(answer)
    expect(waits).toEqual(expected)
  }
  kept.destroy()
  server.close()
})

test('Expect: 100-continue costs one more', async () => {
  serve = async (received, reply) => void reply.end(await text(received))
  const sent = await call('PUT', '/', { Expect: '100-continue', 'Content-Length': '4' }, Buffer.from('body'))
  expect(await text(sent)).toBe('body')
  expect(waits).toEqual([80, 80, 40, 40])
})

test('method, target, headers, status and bodies arrive to the letter', async () => {
  let seen: unknown
  serve = async (received, reply) => {
    const body = await buffer(received)
    const { method, url, rawHeaders } = received
    seen = {
      method,
      url,
      body: body.length,
      odd: rawHeaders[rawHeaders.indexOf('X-OdD') + 1],
      host: received.headers.host,
    }
    reply.writeHead(418, 'Short and stout', { 'X-Answer': 'a', 'Content-Length': 3 }).end('tea')
  }
  const body = Buffer.alloc(200_000, 'b')
  const answer = await call('POST', '/a%2Fb?c=%20d', { 'X-OdD': '  v ', Host: 'bucket.example' }, body)
  expect(await text(answer)).toBe('tea')
  expect(answer).toMatchObject({ statusCode: 418, statusMessage: 'Short and stout' })
  expect(answer.headers).toMatchObject({ 'x-answer': 'a', 'content-length': '3' })
  expect(seen).toEqual({ method: 'POST', url: '/a%2Fb?c=%20d', body: 200_000, odd: 'v', host: 'bucket.example' })
})

test('an answer without a body stays without one', async () => {
  serve = (_, reply) => void reply.writeHead(200, { 'Content-Length': 1234 }).end()
  const answer = await call('HEAD', '/')
  expect({ length: answer.headers['content-length'], body: await text(answer) }).toEqual({ length: '1234', body: '' })
})

test('an answer that breaks off does not look complete', async () => {
  serve = (_, reply) => {
    reply.write('half')
    setTimeout(() => reply.destroy(), 20)
  }
  const answer = await call('GET', '/')
  await expect(text(answer)).rejects.toThrow('aborted')
})

test('a region that hangs up at once looks like a broken connection', async () => {
  serve = (received) => void received.socket.destroy()
  await expect(call('GET', '/')).rejects.toThrow('socket hang up')
})

test('a client that goes away is gone for the region, too', async () => {
  const gone = new Promise<void>((resolve) => {
    serve = (_, reply) => {
      reply.write('some')
      reply.once('close', resolve)
    }
  })
  const answer = await call('GET', '/')
  answer.destroy()
  await gone
})
