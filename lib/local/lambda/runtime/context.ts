import type { RuntimeEvent } from './client.ts'

/** The context argument of a handler, with the names of AWS's Node.js runtime. */
export interface Context {
  /** Whether the answer of a callback waits for an empty event loop. The handler can set it to false. */
  callbackWaitsForEmptyEventLoop: boolean
  readonly functionName: string
  readonly functionVersion: string
  readonly invokedFunctionArn: string
  /** Megabytes, as a string. */
  readonly memoryLimitInMB: string
  readonly awsRequestId: string
  readonly logGroupName: string
  readonly logStreamName: string
  readonly clientContext: unknown
  /** Milliseconds until the function is stopped. */
  getRemainingTimeInMillis(): number
}

export function createContext(event: RuntimeEvent, environment: NodeJS.ProcessEnv): Context {
  const variable = (name: string) => environment[`AWS_LAMBDA_${name}`] ?? ''
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: variable('FUNCTION_NAME'),
    functionVersion: variable('FUNCTION_VERSION'),
    invokedFunctionArn: event.invokedFunctionArn,
    memoryLimitInMB: variable('FUNCTION_MEMORY_SIZE'),
    awsRequestId: event.requestId,
    logGroupName: variable('LOG_GROUP_NAME'),
    logStreamName: variable('LOG_STREAM_NAME'),
    clientContext: event.clientContext === undefined ? undefined : JSON.parse(event.clientContext),
    getRemainingTimeInMillis: () => Math.max(0, event.deadlineMs - Date.now()),
  }
}
