import { fromBase64url } from '../../lib/encoding/base64url.ts'
import { requireVariable } from '../require-variable.ts'

/** What the deployment tells the function. */
export interface Environment {
  readonly fleet: string
  readonly region: string
  readonly agentBucket: string
  /** The public key that signs the fleet's key policy. */
  readonly rootKey: Uint8Array
  /** Where the fleet's secret is, as `secretReader` takes it. */
  readonly secret: string
  /** The role each run gets narrowed credentials of. Absent: every run reads with the function's own. */
  readonly brokerRole: string | undefined
  /** Name of the region's compiler function. Absent: kernels come as binaries only. */
  readonly compiler: string | undefined
  /** Where compiled kernels are kept on this machine. Absent: below the temporary folder. */
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
