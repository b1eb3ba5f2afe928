import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import type { RelayEvent } from '../relay/detached-task.ts'

/** Starts the relay function of a region. Lambda queues the event, and invokes the function again if it dies. */
export async function startRelay(lambda: LambdaClient, functionName: string, event: RelayEvent): Promise<void> {
  const call = { FunctionName: functionName, InvocationType: 'Event' as const, Payload: JSON.stringify(event) }
  await lambda.send(new InvokeCommand(call))
}
