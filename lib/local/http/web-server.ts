import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { ServerTls } from '../tls/keep-certificates.ts'

/** No time limit for uploads, and a long keep-alive, because clients reuse connections after pauses. */
const SETTINGS = { requestTimeout: 0, keepAliveTimeout: 60_000 }

/** Creates an HTTPS server if there is a certificate, else an HTTP server. It does not listen yet. */
export function createWebServer(serve: RequestListener, tls: ServerTls | undefined): Server {
  return tls === undefined ? createServer(SETTINGS, serve) : createTlsServer({ ...SETTINGS, ...tls }, serve)
}

export const schemeOf = (tls: ServerTls | undefined): 'http' | 'https' => (tls === undefined ? 'http' : 'https')
