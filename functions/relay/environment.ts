import { requireVariable } from '../require-variable.ts'

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
    fleet: requireVariable(env, 'LANDER_FLEET'),
    region: requireVariable(env, 'AWS_REGION'),
    agentBucket: requireVariable(env, 'LANDER_AGENT_BUCKET'),
    functionName: requireVariable(env, 'AWS_LAMBDA_FUNCTION_NAME'),
  }
}
