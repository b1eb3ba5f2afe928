import { requireVariable } from '../require-variable.ts'

/** What the deployment, and Lambda itself, tell the function. */
export interface Environment {
  readonly fleet: string
  readonly region: string
  readonly agentBucket: string
  /** Its own name: it starts the one that takes over from it. */
  readonly functionName: string
}

/** Reads the function's environment. @throws UsageError `CONFIG_INVALID` that names the variable */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  return {
    fleet: requireVariable(env, 'LANDER_FLEET'),
    region: requireVariable(env, 'AWS_REGION'),
    agentBucket: requireVariable(env, 'LANDER_AGENT_BUCKET'),
    functionName: requireVariable(env, 'AWS_LAMBDA_FUNCTION_NAME'),
  }
}
