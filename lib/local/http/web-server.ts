import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { ServerTls } from '../tls/keep-certificates.ts'

/** An upload may take as long as it takes, and a client may come back to its connection. */
const SETTINGS = { requestTimeout: 0, keepAliveTimeout: 60_000 }

/** A server of HTTPS with the certificate, or of HTTP where there is none. It does not listen yet. */
export function createWebServer(serve: RequestListener, tls: ServerTls | undefined): Server {
  return tls === undefined ? createServer(SETTINGS, serve) : createTlsServer({ ...SETTINGS, ...tls }, serve)
}

export const schemeOf = (tls: ServerTls | undefined): 'http' | 'https' => (tls === undefined ? 'http' : 'https')
