import { fromBase64url } from '../../lib/encoding/base64url.ts'
import { UsageError } from '../../lib/errors.ts'

/** The settings that the deployment passes to the function. */
export interface Environment {
  readonly fleet: string
  readonly region: string
  readonly agentBucket: string
  /** The public key that signs the fleet's key policy. */
  readonly rootKey: Uint8Array
  /** Where the fleet's secret is stored, in the form that `secretReader` accepts. */
  readonly secret: string
  /** The role whose credentials are narrowed for each run. Absent: every run uses the function's credentials. */
  readonly brokerRole: string | undefined
  /** The name of the region's compiler function. Absent: kernels must come as binaries. */
  readonly compiler: string | undefined
  /** The folder for compiled kernels. Absent: below the temporary folder. */
  readonly kernelFolder: string | undefined
}

/** Reads the function's environment. @throws UsageError `CONFIG_INVALID` that names the variable */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  return {
    fleet: required(env, 'LANDER_FLEET'),
    region: required(env, 'AWS_REGION'),
    agentBucket: required(env, 'LANDER_AGENT_BUCKET'),
    rootKey: fromBase64url(required(env, 'LANDER_ROOT_KEY')),
    secret: required(env, 'LANDER_FLEET_SECRET'),
    brokerRole: env.LANDER_BROKER_ROLE_ARN || undefined,
    compiler: env.LANDER_COMPILER || undefined,
    kernelFolder: env.LANDER_KERNEL_FOLDER || undefined,
  }
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  throw new UsageError('CONFIG_INVALID', `the function's environment has no ${name}`, {
    remedy: 'deploy the stack with cdk deploy: it sets every variable',
  })
}
