import { fromBase64url } from '../../lib/encoding/base64url.ts'
import { requireVariable } from '../require-variable.ts'

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
    fleet: requireVariable(env, 'LANDER_FLEET'),
    region: requireVariable(env, 'AWS_REGION'),
    agentBucket: requireVariable(env, 'LANDER_AGENT_BUCKET'),
    rootKey: fromBase64url(requireVariable(env, 'LANDER_ROOT_KEY')),
    secret: requireVariable(env, 'LANDER_FLEET_SECRET'),
    brokerRole: env.LANDER_BROKER_ROLE_ARN || undefined,
    compiler: env.LANDER_COMPILER || undefined,
    kernelFolder: env.LANDER_KERNEL_FOLDER || undefined,
  }
}
