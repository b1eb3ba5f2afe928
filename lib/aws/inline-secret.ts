import {
  GetFunctionConfigurationCommand,
  type LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import { isInlineSecret } from './secret-reader.ts'

/**
 * Updates the secret of a function that has it in its environment. Functions in an isolated network do, because they
 * can't reach Secrets Manager. Other functions are left unchanged.
 *
 * @returns whether the function was updated
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
