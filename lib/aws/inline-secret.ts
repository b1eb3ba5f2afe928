import {
  GetFunctionConfigurationCommand,
  type LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import { isInlineSecret } from './secret-reader.ts'

/**
 * Gives a function the new secret, if it carries the secret in its own environment: one in an isolated network, which
 * can't fetch it.
 *
 * @returns whether it does
 */
export async function updateInlineSecret(lambda: LambdaClient, name: string, secret: string): Promise<boolean> {
  const FunctionName = name
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))
  const variables = Environment?.Variables ?? {}
  if (!isInlineSecret(variables.LANDER_FLEET_SECRET ?? '')) return false
  const Variables = { ...variables, LANDER_FLEET_SECRET: secret }
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }))
  return true
}
