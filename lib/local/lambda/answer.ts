import { answerTooLarge } from './call-outcome.ts'
import { RESPONSE_BYTES } from './quotas.ts'
import type { Failure } from './runtime/describe-failure.ts'
import type { RuntimeResponse } from './runtime-api.ts'

/** Takes an answer while it is made. */
export interface AnswerSink {
  /** Resolves when the receiver can take more. @throws AnswerTooLarge to refuse the rest. */
  write(chunk: Uint8Array): Promise<void>
}

/** A sink's refusal: the answer of a call may not be larger. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge'
}

/** An answer in memory, as a buffered call wants it. */
export interface BufferSink extends AnswerSink {
  take(): Buffer
}

/** Holds what a buffered answer may be, and refuses more. */
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
 * Passes an answer from the runtime to its receiver: a streamed one piece by piece, no faster than the receiver takes
 * it, a buffered one when all of it is there.
 *
 * @returns What went wrong, if anything did.
 */
export function relayAnswer(response: RuntimeResponse, sink: AnswerSink): Promise<Failure | undefined> {
  return response.streaming ? passOn(response, sink) : passWhole(response, sink)
}

/** Even a refused answer is read to its end: a runtime cut off in the middle would fail for another reason. */
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
