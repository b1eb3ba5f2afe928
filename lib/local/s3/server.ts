import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createWebServer, schemeOf } from '../http/web-server.ts'
import type { ServerTls } from '../tls/keep-certificates.ts'
import { createS3Handler, type S3HandlerOptions } from './s3-handler.ts'

export interface S3ServerOptions extends S3HandlerOptions {
  /** @default 0: one that is free */
  readonly port?: number
  /** @default '127.0.0.1' */
  readonly host?: string
  /** @default HTTP without TLS */
  readonly tls?: ServerTls | undefined
}

export interface S3Server {
  /** `http://host:port`, or `https://host:port` with TLS. */
  readonly endpoint: string
  /** Closes the connections and the files. */
  close(): Promise<void>
}

/**
 * Starts an S3 server on its own port, for tests and tools that need only objects.
 *
 * @example
 * ```ts
 * const { endpoint, close } = await startS3Server({ dir, regions: ['eu-west-1'], credentials })
 * const client = new S3Client({ endpoint, region: 'eu-west-1', forcePathStyle: true })
 * ```
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { port = 0, host = '127.0.0.1', tls } = options
  const handler = createS3Handler(options)
  const server = createWebServer((request, response) => void handler.handle(request, response), tls)
  server.listen(port, host)
  await once(server, 'listening')
  return {
    endpoint: `${schemeOf(tls)}://${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await handler.close()
    },
  }
}
