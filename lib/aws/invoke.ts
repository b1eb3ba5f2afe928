/** One landing: a signed bundle goes to one region and a landing result comes back. */
import { InvokeWithResponseStreamCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { UnreachableError } from '../errors.ts'
import { explainRefusedSignature } from '../fleet/clock-skew.ts'
import type { FleetRegion } from '../fleet/fleet.ts'
import { type Frame, type Invocation, parseFrame, type Reply } from '../host/protocol.ts'
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

/** The error Lambda reports in the last event of a stream. */
interface StreamEnd {
  readonly ErrorCode?: string | undefined
  readonly ErrorDetails?: string | undefined
}

/**
 * Invokes the data-locality function of one region and follows its stream to the reply.
 *
 * @throws UnreachableError when the function can't be reached, dies in the middle, or answers nonsense
 */
export async function land({ lambda, place, invocation, onProgress, signal }: LandingOptions): Promise<Landing> {
  const payload = Buffer.from(JSON.stringify(invocation))
  const frames = createFrameReader()
  let received = 0
  let reply: Reply | undefined
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
      remedy: 'look into its log; its version may differ from this client',
    })
  }
  return { reply, bytesMoved: payload.length + received }
}

/** Cuts a stream of bytes into lines and reads each as a frame; lines that are none are passed over. */
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
  try {
    const frame = parseFrame(JSON.parse(line))
    return frame === undefined ? [] : [frame]
  } catch {
    return []
  }
}

function functionFailed(
  { region, functionName }: FleetRegion,
  { ErrorCode, ErrorDetails }: StreamEnd,
): UnreachableError {
  const said = [ErrorCode, firstLine(errorMessage(ErrorDetails ?? ''))].filter((word) => word !== '').join(': ')
  return new UnreachableError('FUNCTION_FAILED', `the function ${functionName} of ${region} died (${said})`, {
    remedy: `look into the log group /aws/lambda/${functionName} in ${region}; other regions are not concerned`,
  })
}

/** Why a region's function could not be reached, as an error with a remedy. */
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

/** Lambda gives the details as JSON with an `errorMessage`, or as plain text. */
function errorMessage(details: string): string {
  try {
    const { errorMessage } = JSON.parse(details) as { errorMessage?: unknown }
    return typeof errorMessage === 'string' ? errorMessage : ''
  } catch {
    return details
  }
}

const firstLine = (text: string): string => text.split('\n')[0]?.slice(0, 200) ?? ''
