import { UsageError } from '../../lib/errors.ts'

/** The settings that the deployment passes to the function. */
export interface Environment {
  readonly region: string
  readonly agentBucket: string
}

/** Reads the function's environment. @throws UsageError `CONFIG_INVALID` that names the variable */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  return { region: required(env, 'AWS_REGION'), agentBucket: required(env, 'LANDER_AGENT_BUCKET') }
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  throw new UsageError('CONFIG_INVALID', `the function's environment has no ${name}`, {
    remedy: 'deploy the stack with cdk deploy: it sets every variable',
  })
}
