import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** An answer to an Invoke, as it came over the wire. */
export interface RecordedReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Stands between a client and a cloud, as somebody on the network would. */
export interface ReplayingProxy extends AsyncDisposable {
  readonly endpoint: string
  /** Every answer to an Invoke that went through. */
  readonly replies: readonly RecordedReply[]
  /** What is answered to an Invoke, given the genuine answer. @default the genuine one */
  replace: (genuine: RecordedReply) => RecordedReply
}

const INVOKE = /\/response-streaming-invocations$/

export async function startReplayingProxy(cloud: string): Promise<ReplayingProxy> {
  const replies: RecordedReply[] = []
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = '/' } = incoming
    const onwards = request(new URL(url, cloud), { method, headers }, async (response) => {
      const genuine = { status: response.statusCode!, headers: response.headers, body: await buffer(response) }
      const isInvoke = INVOKE.test(url)
      if (isInvoke) replies.push(genuine)
      const { status, headers, body } = isInvoke ? proxy.replace(genuine) : genuine
      outgoing.writeHead(status, headers).end(body)
    })
    onwards.on('error', () => outgoing.destroy())
    incoming.pipe(onwards)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const proxy: ReplayingProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    replies,
    replace: (genuine) => genuine,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
  return proxy
}
