import { LATEST } from './lambda-function.ts'

/** The figures of Lambda's REPORT line. */
export interface CallReport {
  readonly requestId: string
  readonly durationMs: number
  readonly memoryMb: number
  /** The peak memory; 0 if it was not sampled. */
  readonly peakBytes: number
  /** How long loading took, in the first call of an instance. */
  readonly initMs: number | undefined
}

export function startLine(requestId: string): string {
  return `START RequestId: ${requestId} Version: ${LATEST}\n`
}

/** The END line and the REPORT line. */
export function endLines({ requestId, durationMs, memoryMb, peakBytes, initMs }: CallReport): string {
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(durationMs)} ms`,
    `Memory Size: ${memoryMb} MB`,
    ...(peakBytes === 0 ? [] : [`Max Memory Used: ${Math.ceil(peakBytes / 2 ** 20)} MB`]),
    ...(initMs === undefined ? [] : [`Init Duration: ${initMs.toFixed(2)} ms`]),
  ]
  return `END RequestId: ${requestId}\n${fields.join('\t')}\n`
}
