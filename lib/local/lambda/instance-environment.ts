import { dirname } from 'node:path'
import { UsageError } from '../../errors.ts'
import { LATEST, type LambdaFunction, runtimeName } from './lambda-function.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What an instance's environment depends on, beside its function. */
export interface InstanceSettings {
  /** `host:port` of the instance's own Runtime API. */
  readonly runtimeApi: string
  /** The region's endpoint for functions, for S3 and Lambda alike. */
  readonly endpoint: string
  /** With TLS: path of the authority that signed the endpoint's certificate. */
  readonly ca?: string | undefined
  readonly credentials: Credentials
  /** Hexadecimal, new for every instance. */
  readonly instanceId: string
  readonly startedAt: Date
  readonly nodeVersion: string
  readonly nodePath: string
}

/** Variables that Lambda sets itself and lets no function set (AWS Lambda guide, "reserved environment variables"). */
const RESERVED = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
])

/**
 * @throws UsageError CONFIG_INVALID if the function sets a variable that Lambda keeps for itself.
 */
export function checkEnvironment(environment: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(environment).find((name) => RESERVED.has(name))
  if (reserved === undefined) return
  throw new UsageError('CONFIG_INVALID', `the environment variable ${reserved} is set by Lambda itself`, {
    remedy: 'take it out of the environment of the function',
  })
}

/** The whole environment of an instance: nothing of the host's own leaks in. */
export function instanceEnvironment(fn: LambdaFunction, settings: InstanceSettings): Record<string, string> {
  return {
    PATH: `${dirname(settings.nodePath)}:/usr/local/bin:/usr/bin:/bin`,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_ENDPOINT_URL: settings.endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...(settings.ca && { NODE_EXTRA_CA_CERTS: settings.ca }),
    ...fn.environment,
    ...functionVariables(fn),
    ...credentialVariables(settings.credentials),
    _HANDLER: fn.handler,
    AWS_EXECUTION_ENV: `AWS_Lambda_${runtimeName(settings.nodeVersion)}`,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_STREAM_NAME: logStreamName(settings),
    AWS_LAMBDA_RUNTIME_API: settings.runtimeApi,
  }
}

function functionVariables(fn: LambdaFunction): Record<string, string> {
  return {
    AWS_REGION: fn.region,
    AWS_DEFAULT_REGION: fn.region,
    AWS_LAMBDA_FUNCTION_NAME: fn.name,
    AWS_LAMBDA_FUNCTION_VERSION: LATEST,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${fn.name}`,
    LAMBDA_TASK_ROOT: fn.codeDir,
  }
}

function credentialVariables({ accessKeyId, secretAccessKey, sessionToken }: Credentials): Record<string, string> {
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
  return sessionToken === undefined ? keys : { ...keys, AWS_SESSION_TOKEN: sessionToken }
}

/** `2026/11/23/[$LATEST]0123…`, as CloudWatch names the streams. */
function logStreamName({ startedAt, instanceId }: InstanceSettings): string {
  return `${startedAt.toISOString().slice(0, 10).replaceAll('-', '/')}/[${LATEST}]${instanceId}`
}
