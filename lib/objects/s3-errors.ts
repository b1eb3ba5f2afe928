import { ObjectError } from '../errors.ts'
import { bucketNotFound, objectChanged, objectNotFound, rangeInvalid } from './object-errors.ts'
import { explainUnreached } from './s3-unreached.ts'

/** The target of a failed request to S3: a bucket, an object, or a range of an object. */
export interface S3Target {
  readonly bucket: string
  readonly key?: string
  readonly start?: number
  readonly end?: number
}

/** What is used of an error of the AWS SDK. Its message is not, because it may quote credentials. */
interface S3Failure {
  /** S3's code, such as `AccessDenied`, or the system's code of a failed connection, such as `ECONNREFUSED`. */
  readonly name: string
  /** The HTTP status; `undefined` if S3 did not answer. */
  readonly status: number | undefined
  /** The region of the bucket, if S3 sent it. */
  readonly bucketRegion: string | undefined
}

/**
 * Converts an error of the AWS SDK, or of the connection, to an error of the port.
 *
 * @param region the region to which the request was sent
 */
export function toObjectError(error: unknown, target: S3Target, region: string): ObjectError {
  if (error instanceof ObjectError) return error
  const failure = readFailure(error)
  const { bucket, key } = target
  if (isElsewhere(failure, region)) return bucketElsewhere(bucket, failure.bucketRegion, region, error)
  if (failure.name === 'NoSuchBucket') return bucketNotFound(bucket, error)
  if (failure.status === 404)
    return key === undefined ? bucketNotFound(bucket, error) : objectNotFound({ bucket, key }, error)
  if (failure.status === 401 || failure.status === 403) return forbidden(target, failure, error)
  if (key !== undefined && failure.status === 412) return objectChanged({ bucket, key }, error)
  if (key !== undefined && failure.status === 416) {
    return rangeInvalid({ bucket, key, start: target.start ?? 0, end: target.end ?? 0 }, undefined, error)
  }
  return storeFailed(target, describeFailure(failure), error)
}

/** The error for all other failures: S3 failed, was not reached, or sent an invalid answer. */
export function storeFailed(target: S3Target, what: string, cause?: unknown): ObjectError {
  return new ObjectError('STORE_FAILED', `S3 failed on ${nameTarget(target)}: ${what}`, {
    remedy:
      explainUnreached(cause)?.remedy ??
      'try again; if it fails again, check the region, the endpoint and the credentials',
    cause,
  })
}

function readFailure(error: unknown): S3Failure {
  const { name, code, $metadata, $response } = (error ?? {}) as {
    readonly name?: string
    readonly code?: string
    readonly $metadata?: { readonly httpStatusCode?: number }
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  }
  return {
    name: code ?? name ?? 'unknown',
    status: $metadata?.httpStatusCode,
    bucketRegion: $response?.headers?.['x-amz-bucket-region'],
  }
}

/**
 * Whether the bucket is in another region. S3 redirects to it with 301, or with 307 while the bucket is new, and refuses
 * a signature for another region with 400. The answer to a HEAD has no body, so only status and header are used.
 */
function isElsewhere({ name, status, bucketRegion }: S3Failure, region: string): boolean {
  if (name === 'PermanentRedirect' || status === 301) return true
  return (status === 307 || status === 400) && bucketRegion !== undefined && bucketRegion !== region
}

function bucketElsewhere(bucket: string, found: string | undefined, asked: string, cause: unknown): ObjectError {
  const place = found ?? 'another region'
  return new ObjectError('BUCKET_ELSEWHERE', `bucket "${bucket}" is in ${place}, not in ${asked}`, {
    remedy: `read it in ${found ?? 'the region that holds it'}`,
    cause,
  })
}

function forbidden(target: S3Target, failure: S3Failure, cause: unknown): ObjectError {
  return new ObjectError('OBJECT_FORBIDDEN', `S3 refused ${nameTarget(target)}: ${describeFailure(failure)}`, {
    remedy: 'grant the reader s3:GetObject on the objects and s3:ListBucket on the bucket',
    cause,
  })
}

function nameTarget({ bucket, key }: S3Target): string {
  return key === undefined ? `bucket "${bucket}"` : `object "${bucket}/${key}"`
}

function describeFailure({ name, status }: S3Failure): string {
  return status === undefined ? name : `${name} (status ${status})`
}
