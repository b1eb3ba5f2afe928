import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CLIENT } from '../client-name.ts'
import { UsageError } from '../errors.ts'
import { createWebServer, schemeOf } from './http/web-server.ts'
import type { Meter } from './meter.ts'
import { type Route, routeRequest, type ServiceName } from './routing.ts'
import type { ServerTls } from './tls/keep-certificates.ts'
import type { Wan } from './wan.ts'
import type { WanProxy } from './wan-proxy.ts'

/** Answers one request. It never throws: errors become answers. */
export type RequestHandler = (call: IncomingMessage, reply: ServerResponse) => void

/** The services of every region, by region code. */
export type Services = ReadonlyMap<string, RegionServices>

export type RegionServices = Readonly<Record<ServiceName, RequestHandler>>

export interface GatewayOptions {
  /** The place whose requests this gateway serves: `client`, or the region whose functions use it. */
  readonly place: string
  readonly regions: readonly string[]
  /** The services. They may be added after the gateway is open, because functions need its address first. */
  readonly services: Services
  readonly meter: Meter
  /** The simulated links. If absent, traffic is not delayed. */
  readonly shaping?: { readonly wan: Wan; readonly proxy: WanProxy }
  /** @default 0, any free port */
  readonly port?: number
  /** @default HTTP without TLS */
  readonly tls?: ServerTls | undefined
}

/** A listener on 127.0.0.1. */
export interface Listener {
  readonly port: number
  /** `http://127.0.0.1:port`, or `https://127.0.0.1:port` with TLS. */
  readonly endpoint: string
  close(): Promise<void>
}

/**
 * Opens the port of a place. All regions and services are behind it; the scope of a request's signature selects one.
 * Traffic to another place takes the simulated path, and traffic inside a region goes directly to its services.
 */
export function openGateway(options: GatewayOptions): Promise<Listener> {
  const { place, regions, services, meter, shaping, port = 0, tls } = options
  const here = place === CLIENT ? (regions[0] ?? '') : place

  const serve: RequestHandler = (call, reply) => {
    const route = routeRequest(call, regions, here)
    if (route.kind !== 'service') return answerItself(route, call, reply)
    meter.assign(call.socket, place, route.region)
    const path = shaping?.wan.path(place, route.region)
    if (path !== undefined) return void shaping?.proxy.forward(call, reply, route.region, path)
    if (call.headers.expect !== undefined) reply.writeContinue()
    services.get(route.region)?.[route.service](call, reply)
  }
  function answerItself(
    route: Exclude<Route, { kind: 'service' }>,
    call: IncomingMessage,
    reply: ServerResponse,
  ): void {
    call.resume()
    if (route.kind === 'health') answerJson(reply, 200, { status: 'ok', regions, pid: process.pid })
    else if (route.kind === 'links') answerJson(reply, 200, { links: meter.read() })
    else refuse(call, reply, route, regions)
  }
  return listen(serve, port, tls)
}

/** Opens the listener to which the WAN proxy forwards requests. Only this process connects to it, so it has no TLS. */
export function openArrivals(regions: readonly string[], services: Services): Promise<Listener> {
  return listen((call, reply) => {
    const route = routeRequest(call, regions, regions[0] ?? '')
    if (route.kind === 'service') services.get(route.region)?.[route.service](call, reply)
    else reply.destroy()
  }, 0)
}

async function listen(serve: RequestHandler, port: number, tls?: ServerTls): Promise<Listener> {
  const server = createWebServer(serve, tls)
  server.on('checkContinue', serve)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening').catch((error: unknown) => explainTakenPort(error, port))
  const { port: actual } = server.address() as AddressInfo
  return {
    port: actual,
    endpoint: `${schemeOf(tls)}://127.0.0.1:${actual}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function explainTakenPort(error: unknown, port: number): never {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
  throw new UsageError('LOCAL_RUNNING', `port ${port} is taken`, {
    remedy: 'a local cloud may be running there: use it, stop it, or choose another port',
    cause: error,
  })
}

function refuse(
  call: IncomingMessage,
  reply: ServerResponse,
  route: Route & { kind: `unknown${string}` },
  regions: readonly string[],
): void {
  if (route.kind === 'unknownService') {
    const answer = speaksQuery(call) ? answerQuery : answerError
    answer(reply, 501, 'UnknownService', `the local cloud has s3 and lambda, not ${route.service}`)
  } else {
    const message = `the local cloud has no region ${route.region}; it has ${regions.join(', ')}`
    const answer = route.service === 's3' ? answerXml : answerError
    answer(reply, 400, 'UnknownRegion', message)
  }
}

function answerError(reply: ServerResponse, status: number, code: string, message: string): void {
  reply.setHeader('x-amzn-ErrorType', code)
  answerJson(reply, status, { message })
}

/** Whether a client uses the query protocol, as for STS. Such clients can parse errors only in that protocol's XML. */
const speaksQuery = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false

function answerQuery(reply: ServerResponse, status: number, code: string, message: string): void {
  sendXml(reply, status, `<ErrorResponse>${errorXml(code, message)}</ErrorResponse>`)
}

function answerXml(reply: ServerResponse, status: number, code: string, message: string): void {
  sendXml(reply, status, errorXml(code, message))
}

const errorXml = (code: string, message: string): string =>
  `<Error><Code>${code}</Code><Message>${message.replace(/[<&>]/g, '?')}</Message></Error>`

function sendXml(reply: ServerResponse, status: number, xml: string): void {
  reply.writeHead(status, { 'Content-Type': 'application/xml' }).end(`<?xml version="1.0" encoding="UTF-8"?>${xml}`)
}

function answerJson(reply: ServerResponse, status: number, body: unknown): void {
  const json = JSON.stringify(body)
  reply.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) }).end(json)
}
