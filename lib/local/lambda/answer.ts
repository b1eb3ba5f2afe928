import { answerTooLarge } from './call-outcome.ts'
import { RESPONSE_BYTES } from './quotas.ts'
import type { Failure } from './runtime/describe-failure.ts'
import type { RuntimeResponse } from './runtime-api.ts'

/** Receives an answer in pieces. */
export interface AnswerSink {
  /** Resolves when the receiver has room for more. @throws AnswerTooLarge to refuse the rest */
  write(chunk: Uint8Array): Promise<void>
}

/** Thrown by a sink if an answer is too large. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge'
}

/** Collects an answer in memory, for a buffered call. */
export interface BufferSink extends AnswerSink {
  take(): Buffer
}

/** Creates a sink that refuses answers above Lambda's limit for buffered calls. */
export function createBufferSink(): BufferSink {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    async write(chunk) {
      size += chunk.length
      if (size > RESPONSE_BYTES) throw new AnswerTooLarge(`an answer has at most ${RESPONSE_BYTES} bytes`)
      chunks.push(chunk)
    },
    take: () => Buffer.concat(chunks),
  }
}

/**
 * Passes an answer from the runtime to its receiver, with backpressure. A buffered answer is passed when it is complete.
 *
 * @returns the failure of the answer, if there is one
 */
export function relayAnswer(response: RuntimeResponse, sink: AnswerSink): Promise<Failure | undefined> {
  return response.streaming ? passOn(response, sink) : passWhole(response, sink)
}

/** Reads even a refused answer to its end, because a runtime whose connection is cut would report another error. */
async function passOn(response: RuntimeResponse, sink: AnswerSink): Promise<Failure | undefined> {
  let refused = false
  for await (const chunk of response.body) if (!refused) refused = !(await isTaken(sink, chunk))
  return refused ? answerTooLarge(RESPONSE_BYTES) : response.failure()
}

async function isTaken(sink: AnswerSink, chunk: Uint8Array): Promise<boolean> {
  try {
    await sink.write(chunk)
    return true
  } catch (error) {
    if (error instanceof AnswerTooLarge) return false
    throw error
  }
}

async function passWhole(response: RuntimeResponse, sink: AnswerSink): Promise<Failure | undefined> {
  const whole = createBufferSink()
  const failure = await passOn(response, whole)
  if (failure === undefined) await sink.write(whole.take())
  return failure
}
