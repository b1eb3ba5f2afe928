import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'
import { onAbort } from '../abort.ts'
import { type DirectAnswer, DirectConnection, type DirectConnectionOptions } from './direct-connection.ts'

type Handle = NodeHttpHandler['handle']
type Request = Parameters<Handle>[0]
type Answer = Awaited<ReturnType<Handle>>

/** Connections for ranges, at most; those who find none left go the usual way. */
const MAX_CONNECTIONS = 128
const HTTP_PORT = 80

/**
 * What sends the requests of the SDK's clients: ranges of objects, when they come over plain HTTP, are read without a
 * copy ({@link DirectConnection}), everything else by Node's own client. Over TLS there would be nothing to gain: bytes
 * are decrypted into new memory anyhow.
 */
export class DirectHandler extends NodeHttpHandler {
  readonly #timeouts: Pick<DirectConnectionOptions, 'connectTimeoutMs' | 'idleTimeoutMs'>
  readonly #connections = new Set<DirectConnection>()
  readonly #idle = new Map<string, DirectConnection[]>()

  constructor(
    options: NodeHttpHandlerOptions & { readonly connectionTimeout: number; readonly socketTimeout: number },
  ) {
    super(options)
    this.#timeouts = { connectTimeoutMs: options.connectionTimeout, idleTimeoutMs: options.socketTimeout }
  }

  override async handle(request: Request, options?: Parameters<Handle>[1]): Promise<Answer> {
    const connection = isRange(request) ? this.#acquire(request.hostname, request.port ?? HTTP_PORT) : undefined
    const answer = connection && (await ask(connection, request, options?.abortSignal as AbortSignal | undefined))
    if (answer === undefined) return super.handle(request, options)
    const { statusCode, headers } = answer.head
    return { response: { statusCode, headers: { ...headers }, body: answer.body } as Answer['response'] }
  }

  override destroy(): void {
    for (const connection of this.#connections) connection.close()
    super.destroy()
  }

  #acquire(host: string, port: number): DirectConnection | undefined {
    const address = `${host}:${port}`
    const idle = this.#idle.get(address) ?? []
    this.#idle.set(address, idle)
    for (let known = idle.pop(); known !== undefined; known = idle.pop()) if (!known.closed) return known
    for (const connection of this.#connections) if (connection.closed) this.#connections.delete(connection)
    if (this.#connections.size >= MAX_CONNECTIONS) return undefined
    const connection = new DirectConnection({ ...this.#timeouts, host, port, onIdle: () => idle.push(connection) })
    this.#connections.add(connection)
    return connection
  }
}

async function ask(
  connection: DirectConnection,
  request: Request,
  signal: AbortSignal | undefined,
): Promise<DirectAnswer | undefined> {
  const stop = onAbort(signal, () => connection.close())
  try {
    return await connection.ask(headOf(request))
  } catch (error) {
    if (signal?.aborted) throw Object.assign(new Error('the request was aborted'), { name: 'AbortError' })
    throw error
  } finally {
    stop()
  }
}

function isRange({ protocol, method, headers, body, query = {} }: Request): boolean {
  const plain = Object.values(query).every((value) => typeof value === 'string')
  return protocol === 'http:' && method === 'GET' && headers.range !== undefined && body === undefined && plain
}

function headOf({ path, query = {}, headers }: Request): string {
  const pairs = Object.entries(query).map(([name, value]) => `${escapeUri(name)}=${escapeUri(String(value))}`)
  const target = pairs.length > 0 ? `${path}?${pairs.join('&')}` : path
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${target} HTTP/1.1\r\n${fields.join('')}\r\n`
}

/** As the signature has it (RFC 3986): `encodeURIComponent` leaves five characters more as they are. */
function escapeUri(text: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(text).replace(/[!'()*]/g, hex)
}
