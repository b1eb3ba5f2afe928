import type { Host } from '../../lib/host/host.ts'
import type { Frame, LandingReply } from '../../lib/host/landing-result.ts'
import { isProbe, type Probe } from '../../lib/host/probe.ts'
import { deadlineOf, reportDeadline } from './deadline.ts'

/** The part of Lambda's context that this function uses. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number
}

/** Where a streamed answer goes. */
export interface ResponseStream extends NodeJS.WritableStream {
  setContentType?(type: string): void
}

export type StreamingHandler = (event: unknown, stream: ResponseStream, context: LambdaContext) => Promise<void>

/**
 * The function's handler. An event with `stream: true` gets lines of JSON: progress while the agent runs, and the reply
 * as the last line. Any other event gets one JSON document, as a buffered Invoke expects. So does a probe.
 */
export function createHandler(host: Promise<Host>): StreamingHandler {
  return async (event, stream, context) => {
    const streams = (event as { stream?: unknown } | null)?.stream === true
    stream.setContentType?.(streams ? 'application/x-ndjson' : 'application/json')
    if (isProbe(event)) return end(stream, await (await host).probe())
    const write = (frame: Frame) => stream.write(`${JSON.stringify(frame)}\n`)
    const remainingMs = context.getRemainingTimeInMillis()
    const deadline = deadlineOf(remainingMs)
    const until = Date.now() + remainingMs
    const reply = await (await host).invoke(event, {
      until,
      signal: deadline.signal,
      evict: deadline.evict,
      ...(streams && { onProgress: (progress) => write({ progress }) }),
    })
    deadline.clear()
    const answer = reportDeadline(reply, deadline)
    log(answer)
    await end(stream, answer)
  }
}

async function end(stream: ResponseStream, answer: LandingReply | Probe): Promise<void> {
  await new Promise<void>((resolve) => stream.end(`${JSON.stringify(answer)}\n`, resolve))
}

/**
 * Logs one entry per run: what the alarms count, and nothing that the agent read. It is an object, so that Lambda's
 * JSON format keeps its fields for the metric filters.
 */
function log(reply: LandingReply): void {
  if ('error' in reply) {
    console.log({ lander: reply.error.situation, code: reply.error.code })
    return
  }
  const { mission, manifest, outcome, usage } = reply.landingResult
  console.log({ lander: 'finished', mission, manifest, outcome: outcome.kind, usage })
}
