import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createS3Handler, type S3HandlerOptions } from './s3-handler.ts'

export interface S3ServerOptions extends S3HandlerOptions {
  /** @default 0: one that is free */
  readonly port?: number
  /** @default '127.0.0.1' */
  readonly host?: string
}

export interface S3Server {
  /** `http://host:port` */
  readonly endpoint: string
  /** Cuts connections and closes the files. */
  close(): Promise<void>
}

/**
 * Serves an S3 of its own port, for tests and tools that need no more of a cloud than objects.
 *
 * @example
 * ```ts
 * const { endpoint, close } = await startS3Server({ dir, regions: ['eu-west-1'], credentials })
 * const client = new S3Client({ endpoint, region: 'eu-west-1', forcePathStyle: true })
 * ```
 */
export async function startS3Server({ port = 0, host = '127.0.0.1', ...options }: S3ServerOptions): Promise<S3Server> {
  const handler = createS3Handler(options)
  // An upload may take as long as it takes, and a client may come back to its connection.
  const settings = { requestTimeout: 0, keepAliveTimeout: 60_000 }
  const server = createServer(settings, (request, response) => void handler.handle(request, response))
  server.listen(port, host)
  await once(server, 'listening')
  return {
    endpoint: `http://${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await handler.close()
    },
  }
}
