/** One landing: sends an invocation to the function of one region and returns its reply. */
import { InvokeWithResponseStreamCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { parseJson } from '../encoding/json.ts'
import { UnreachableError } from '../errors.ts'
import { explainRefusedSignature } from '../fleet/clock-skew.ts'
import type { FleetRegion } from '../fleet/fleet-file.ts'
import type { Invocation } from '../host/invocation.ts'
import { type Frame, type LandingReply, parseFrame } from '../host/landing-result.ts'
import { explainTls } from '../objects/tls-errors.ts'
import type { Landing } from '../relay/landing-place.ts'
import type { Progress } from '../sandbox/contract/job.ts'

export interface LandingOptions {
  readonly lambda: LambdaClient
  readonly place: FleetRegion
  readonly invocation: Invocation
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The error that Lambda reports in the last event of a stream. */
interface StreamEnd {
  readonly ErrorCode?: string | undefined
  readonly ErrorDetails?: string | undefined
}

/**
 * Invokes the data-locality function of one region and reads its stream up to the reply.
 *
 * @throws UnreachableError if the function can't be reached, crashes, or sends no valid reply
 */
export async function land({ lambda, place, invocation, onProgress, signal }: LandingOptions): Promise<Landing> {
  const payload = Buffer.from(JSON.stringify(invocation))
  const frames = createFrameReader()
  let received = 0
  let reply: LandingReply | undefined
  const take = (frame: Frame) => {
    if ('progress' in frame) onProgress?.(frame.progress)
    else reply = frame
  }
  try {
    const command = new InvokeWithResponseStreamCommand({ FunctionName: place.functionName, Payload: payload })
    const { EventStream = [] } = await lambda.send(command, signal === undefined ? {} : { abortSignal: signal })
    for await (const event of EventStream) {
      const chunk = event.PayloadChunk?.Payload
      if (chunk !== undefined) {
        received += chunk.length
        for (const frame of frames.push(chunk)) take(frame)
      }
      if (event.InvokeComplete?.ErrorCode !== undefined) throw functionFailed(place, event.InvokeComplete)
    }
    for (const frame of frames.end()) take(frame)
  } catch (error) {
    throw explainUnreachable(error, place)
  }
  if (reply === undefined) {
    throw new UnreachableError('REPLY_MALFORMED', `the function of ${place.region} ended without a reply`, {
      remedy: 'read its log; its version may differ from this client',
    })
  }
  return { reply, bytesMoved: payload.length + received }
}

/** Splits a stream of bytes into lines and parses each as a frame. Lines that are not frames are ignored. */
export function createFrameReader(): { push(chunk: Uint8Array): Frame[]; end(): Frame[] } {
  let rest: Buffer = Buffer.alloc(0)
  return {
    push(chunk) {
      const bytes = Buffer.concat([rest, chunk])
      const end = bytes.lastIndexOf(0x0a) + 1
      rest = bytes.subarray(end)
      return bytes.toString('utf8', 0, end).split('\n').flatMap(readFrame)
    },
    end: () => readFrame(rest.toString('utf8')),
  }
}

function readFrame(line: string): Frame[] {
  const frame = parseFrame(parseJson(line))
  return frame === undefined ? [] : [frame]
}

function functionFailed(
  { region, functionName }: FleetRegion,
  { ErrorCode, ErrorDetails }: StreamEnd,
): UnreachableError {
  const reason = [ErrorCode, firstLine(errorMessage(ErrorDetails ?? ''))].filter((part) => part !== '').join(': ')
  return new UnreachableError('FUNCTION_FAILED', `the function ${functionName} of ${region} crashed (${reason})`, {
    remedy: `read the log group /aws/lambda/${functionName} in ${region}; other regions are not affected`,
  })
}

/** Converts an error of a call to a region's function to one with a remedy. */
export function explainUnreachable(error: unknown, { region, functionName }: FleetRegion): Error {
  if (error instanceof UnreachableError) return error
  const skew = explainRefusedSignature(error, region, Date.now())
  if (skew !== undefined) return skew
  const tls = explainTls(error)
  if (tls !== undefined) {
    const { why, remedy } = tls
    return new UnreachableError('TLS_FAILED', `${region} could not be reached: ${why}`, { remedy, cause: error })
  }
  const { name = 'Error', message = '' } = error as Error
  if (name === 'ResourceNotFoundException') {
    return new UnreachableError('FUNCTION_NOT_FOUND', `there is no function ${functionName} in ${region}`, {
      remedy: 'deploy it with cdk deploy, or correct the fleet file',
      cause: error,
    })
  }
  return new UnreachableError('REGION_UNREACHABLE', `${region} could not be reached: ${name}: ${firstLine(message)}`, {
    remedy: 'check the network, the credentials and the fleet file',
    cause: error,
  })
}

/** The message in Lambda's error details, which are JSON with an `errorMessage`, or plain text. */
function errorMessage(details: string): string {
  const parsed = parseJson(details)
  if (parsed === undefined) return details
  const { errorMessage } = (parsed ?? {}) as { errorMessage?: unknown }
  return typeof errorMessage === 'string' ? errorMessage : ''
}

const firstLine = (text: string): string => text.split('\n')[0]?.slice(0, 200) ?? ''
