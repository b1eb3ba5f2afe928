import { UsageError } from '../lib/errors.ts'

/** The value of an environment variable that the deployment sets. @throws UsageError `CONFIG_INVALID` with its name */
export function requireVariable(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  throw new UsageError('CONFIG_INVALID', `the function's environment has no ${name}`, {
    remedy: 'deploy the stack with cdk deploy: it sets every variable',
  })
}
