import { UsageError } from '../../lib/errors.ts'

/** The settings that the deployment and Lambda pass to the function. */
export interface Environment {
  readonly fleet: string
  readonly region: string
  readonly agentBucket: string
  /** The name of this function, which it invokes to start the next relay. */
  readonly functionName: string
}

/** Reads the function's environment. @throws UsageError `CONFIG_INVALID` that names the variable */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  return {
    fleet: required(env, 'LANDER_FLEET'),
    region: required(env, 'AWS_REGION'),
    agentBucket: required(env, 'LANDER_AGENT_BUCKET'),
    functionName: required(env, 'AWS_LAMBDA_FUNCTION_NAME'),
  }
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  throw new UsageError('CONFIG_INVALID', `the function's environment has no ${name}`, {
    remedy: 'deploy the stack with cdk deploy: it sets every variable',
  })
}
