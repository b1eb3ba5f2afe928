import { dirname } from 'node:path'
import { UsageError } from '../../errors.ts'
import { LATEST, type LambdaFunction, runtimeName } from './lambda-function.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What an instance's environment depends on besides its function. */
export interface InstanceSettings {
  /** `host:port` of the instance's Runtime API. */
  readonly runtimeApi: string
  /** The endpoint of S3 and Lambda for functions of this region. */
  readonly endpoint: string
  /** With TLS, the path of the authority that signed the endpoint's certificate. */
  readonly ca?: string | undefined
  readonly credentials: Credentials
  /** A random hexadecimal id. */
  readonly instanceId: string
  readonly startedAt: Date
  readonly nodeVersion: string
  readonly nodePath: string
}

/** Variables that only Lambda may set (AWS Lambda guide, "reserved environment variables"). */
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

/** Checks a function's variables. @throws UsageError `CONFIG_INVALID` for a variable that only Lambda may set */
export function checkEnvironment(environment: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(environment).find((name) => RESERVED.has(name))
  if (reserved === undefined) return
  throw new UsageError('CONFIG_INVALID', `only Lambda may set the environment variable ${reserved}`, {
    remedy: 'remove it from the environment of the function',
  })
}

/** The complete environment of an instance. It has no variables of the host process. */
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

/** The name of a log stream in the form of CloudWatch: `2026/11/23/[$LATEST]0123…`. */
function logStreamName({ startedAt, instanceId }: InstanceSettings): string {
  return `${startedAt.toISOString().slice(0, 10).replaceAll('-', '/')}/[${LATEST}]${instanceId}`
}
