/**
 * The runtime in a function instance. It loads the handler, then handles one event after the other from the Runtime API.
 * It is bundled into one file and runs on plain Node.js.
 *
 * It implements AWS's contract (Lambda Runtime API, version 2018-06-01), so the same code runs here and on AWS.
 */
import { finished } from 'node:stream/promises'
import { createRuntimeClient, type RuntimeClient, type RuntimeEvent } from './client.ts'
import { type Context, createContext } from './context.ts'
import { describeFailure, RuntimeFailure } from './describe-failure.ts'
import { type Handler, loadHandler } from './load-handler.ts'
import { awslambda, isStreaming, ResponseStream } from './response-stream.ts'

/** The exit code of AWS's runtime after an uncaught error. */
const UNCAUGHT_EXIT_CODE = 128

/** Reports an error to the Runtime API: as an initialisation error, or as that of the current event. */
type Report = (error: unknown) => Promise<void>

let report: Report = async () => {}
let onIdle = () => {}

async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const client = createRuntimeClient(environment.AWS_LAMBDA_RUNTIME_API ?? '')
  report = (error) => client.failInit(describeFailure(error))
  process.on('uncaughtException', (error) => void dieOf(error))
  process.on('unhandledRejection', (reason) =>
    dieOf(new RuntimeFailure('UnhandledPromiseRejection', String(reason), reason)),
  )
  process.on('beforeExit', () => onIdle())
  Object.assign(globalThis, { awslambda })
  const handler = await loadHandler(environment.LAMBDA_TASK_ROOT ?? '', environment._HANDLER ?? '').catch(dieOf)
  for (;;) await serve(client, handler, await nextEvent(client), environment)
}

/** The next event. If the Runtime API is gone, the process ends, because nothing can be answered any more. */
function nextEvent(client: RuntimeClient): Promise<RuntimeEvent> {
  return client.next().catch(() => process.exit(0))
}

async function dieOf(error: unknown): Promise<never> {
  console.error(error)
  await report(error).catch(() => {})
  process.exit(UNCAUGHT_EXIT_CODE)
}

async function serve(
  client: RuntimeClient,
  handler: Handler,
  event: RuntimeEvent,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  process.env._X_AMZN_TRACE_ID = event.traceId
  const context = createContext(event, environment)
  report = (error) => client.fail(event.requestId, describeFailure(error))
  const serveWith = isStreaming(handler) ? serveStreaming : serveBuffered
  await serveWith(client, handler, event, context)
}

async function serveBuffered(client: RuntimeClient, handler: Handler, event: RuntimeEvent, context: Context) {
  let body: string
  try {
    body = JSON.stringify((await call(handler, parse(event), context)) ?? null)
  } catch (error) {
    console.error(error)
    return client.fail(event.requestId, describeFailure(error))
  }
  return client.respond(event.requestId, body)
}

/** The result of the handler's promise or callback; `undefined` if nothing is left that could call back. */
function call(handler: Handler, payload: unknown, context: Context): Promise<unknown> {
  const drained = untilIdle()
  return new Promise<unknown>((resolve, reject) => {
    const callback = (error: unknown, value: unknown) => {
      const settle = () => (error == null ? resolve(value) : reject(error))
      if (context.callbackWaitsForEmptyEventLoop) drained.then(settle)
      else settle()
    }
    const returned = handler(payload, context, callback)
    if (isPromise(returned)) returned.then(resolve, reject)
    drained.then(() => resolve(undefined))
  })
}

async function serveStreaming(client: RuntimeClient, handler: Handler, event: RuntimeEvent, context: Context) {
  const stream = new ResponseStream(client, event.requestId)
  const closed = finished(stream)
  closed.catch(() => {})
  const fail: Report = async (error) => {
    if (!(await stream.finish(error))) await client.fail(event.requestId, describeFailure(error))
  }
  report = fail
  try {
    await Promise.race([streamed(handler, parse(event), stream, context, closed), unended(stream)])
    await stream.finish()
  } catch (error) {
    console.error(error)
    await fail(error)
  }
}

async function streamed(
  handler: Handler,
  payload: unknown,
  stream: ResponseStream,
  context: Context,
  closed: Promise<void>,
) {
  await handler(payload, stream, context)
  await closed
}

async function unended(stream: ResponseStream): Promise<void> {
  await untilIdle()
  if (!stream.writableFinished) throw new RuntimeFailure('StreamNotEnded', 'the handler did not end its stream')
}

/** Resolves when the event loop is empty. A new call replaces an earlier one, which then never resolves. */
function untilIdle(): Promise<void> {
  return new Promise((resolve) => {
    onIdle = resolve
  })
}

function parse(event: RuntimeEvent): unknown {
  return JSON.parse(event.payload.toString())
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null | undefined)?.then === 'function'
}

await main(process.env)
