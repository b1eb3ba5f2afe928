import { once } from 'node:events'
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { TLSSocket } from 'node:tls'
import { type Clock, createSender, type Path, paced } from './wan.ts'

/** Forwards requests to their region, and answers back, with the delay and bandwidth of a simulated path. */
export interface WanProxy {
  /**
   * Forwards one request.
   *
   * @param to the code of the region; the first request of a socket to a region also waits for a connection
   */
  forward(call: IncomingMessage, reply: ServerResponse, to: string, path: Path): Promise<void>
  close(): void
}

/** @param port the port on 127.0.0.1 to which requests are forwarded */
export function createWanProxy(port: number, clock: Clock): WanProxy {
  const agent = new Agent({ keepAlive: true })
  const visited = new WeakMap<Socket, Set<string>>()

  /** Round trips before the first request of a connection: one for TCP, and one for TLS 1.3. */
  function handshakes(socket: Socket, to: string): number {
    const regions = visited.get(socket) ?? new Set()
    visited.set(socket, regions)
    if (regions.has(to)) return 0
    regions.add(to)
    return socket instanceof TLSSocket ? 2 : 1
  }
  return {
    async forward(call, reply, to, { rttMs, there, back }) {
      const handshakeMs = handshakes(call.socket, to) * rttMs
      const sendThere = createSender(there, clock)
      const sendBack = createSender(back, clock)
      try {
        await clock.sleep(handshakeMs)
        if (call.headers.expect !== undefined) await clock.sleep(rttMs).then(() => reply.writeContinue())
        await clock.sleep(rttMs / 2)
        await sendThere(requestHeadBytes(call))
        const onward = request({
          agent,
          port,
          host: '127.0.0.1',
          method: call.method,
          path: call.url,
          headers: endToEndHeaders(call),
        })
        const answered = once(onward, 'response') as Promise<[IncomingMessage]>
        pipeline(call, (body) => paced(body, there, sendThere), onward).catch(() => {}) // `answered` tells
        reply.once('close', () => reply.writableFinished || onward.destroy())
        const [answer] = await answered
        await clock.sleep(rttMs / 2)
        await sendBack(answerHeadBytes(answer))
        reply.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', endToEndHeaders(answer)).flushHeaders()
        await pipeline(answer, (body) => paced(body, back, sendBack), reply)
      } catch {
        reply.destroy() // The client must see a broken connection, not an answer that looks complete.
      }
    },
    close: () => agent.destroy(),
  }
}

/** Headers of a single connection (RFC 9110 §7.6.1), and `Expect`, which the proxy has answered. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'expect'])

/** Header names and values, unchanged, because the signature covers their exact bytes. */
function endToEndHeaders({ rawHeaders }: IncomingMessage): string[] {
  const pairs = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? '']] : []))
  return pairs.filter(([name = '']) => !HOP_BY_HOP.has(name.toLowerCase())).flat()
}

const CRLF_BYTES = 2
const SEPARATOR_BYTES = ': '.length

function headersBytes({ rawHeaders }: IncomingMessage): number {
  const text = rawHeaders.reduce((sum, part) => sum + part.length, 0)
  return text + (rawHeaders.length / 2) * (SEPARATOR_BYTES + CRLF_BYTES) + CRLF_BYTES
}

/** Bytes of the request line and the headers. */
export function requestHeadBytes(call: IncomingMessage): number {
  return `${call.method} ${call.url} HTTP/1.1`.length + CRLF_BYTES + headersBytes(call)
}

/** Bytes of the status line and the headers. */
export function answerHeadBytes(answer: IncomingMessage): number {
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`.length + CRLF_BYTES + headersBytes(answer)
}
