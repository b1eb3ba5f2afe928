import { EventStreamCodec } from '@smithy/eventstream-codec'
import type { Failure } from './runtime/describe-failure.ts'

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString(),
  (text) => Buffer.from(text),
)

/** The most bytes of payload in one frame; a larger piece is split, so no receiver waits for a giant frame. */
export const FRAME_PAYLOAD_BYTES = 128 * 1024

/** The frames that carry a piece of a streamed answer. */
export function payloadFrames(chunk: Uint8Array): Uint8Array[] {
  const starts = Array.from(
    { length: Math.ceil(chunk.length / FRAME_PAYLOAD_BYTES) },
    (_, i) => i * FRAME_PAYLOAD_BYTES,
  )
  return starts.map((start) =>
    frame('PayloadChunk', 'application/octet-stream', chunk.subarray(start, start + FRAME_PAYLOAD_BYTES)),
  )
}

/**
 * The last frame of every streamed answer: how it ended.
 *
 * @param logTail The log in base64, where the invoker asked for it.
 */
export function completeFrame(failure: Failure | undefined, logTail: string | undefined): Uint8Array {
  const error = failure && { ErrorCode: 'Unhandled', ErrorDetails: JSON.stringify(failure) }
  const body = JSON.stringify({ ...error, ...(logTail === undefined ? {} : { LogResult: logTail }) })
  return frame('InvokeComplete', 'application/json', Buffer.from(body))
}

function frame(eventType: string, contentType: string, body: Uint8Array): Uint8Array {
  const text = (value: string) => ({ type: 'string' as const, value })
  const headers = {
    ':event-type': text(eventType),
    ':content-type': text(contentType),
    ':message-type': text('event'),
  }
  return codec.encode({ headers, body })
}
