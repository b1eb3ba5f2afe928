import { EventStreamCodec } from '@smithy/eventstream-codec'
import type { Failure } from './runtime/describe-failure.ts'

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString(),
  (text) => Buffer.from(text),
)

/** The most payload bytes in one frame. Larger chunks are split, so that receivers don't wait for large frames. */
export const FRAME_PAYLOAD_BYTES = 128 * 1024

/** The frames for a chunk of a streamed answer. */
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
 * The last frame of a streamed answer, with its failure if there is one.
 *
 * @param logTail the end of the log in base64, if the invoker asked for it
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
