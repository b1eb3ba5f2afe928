import { requireVariable } from '../require-variable.ts'

/** The settings that the deployment passes to the function. */
export interface Environment {
  readonly region: string
  readonly agentBucket: string
}

/** Reads the function's environment. @throws UsageError `CONFIG_INVALID` that names the variable */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  return { region: requireVariable(env, 'AWS_REGION'), agentBucket: requireVariable(env, 'LANDER_AGENT_BUCKET') }
}
