import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { ObjectError } from '../errors.ts'
import { explainUnreached } from '../objects/s3-unreached.ts'

/**
 * Asks S3 for the region of a bucket. S3 sends it even to callers without permission, in the redirect to the right region
 * and in the refusal.
 *
 * @returns `undefined` if S3 answered without the region
 * @throws ObjectError `BUCKET_NOT_FOUND`; `STORE_FAILED` if S3 does not answer
 */
export async function findBucketRegion(client: S3Client, bucket: string): Promise<string | undefined> {
  try {
    const { BucketRegion } = await client.send(new HeadBucketCommand({ Bucket: bucket }))
    return BucketRegion
  } catch (error) {
    const { httpStatusCode: status, region } = readRefusal(error)
    if (region !== undefined) return region
    if (status === 404) {
      throw new ObjectError('BUCKET_NOT_FOUND', `there is no bucket "${bucket}"`, { remedy: 'check its name' })
    }
    if (status !== undefined && status < 500) return undefined
    const unreached = explainUnreached(error)
    const why = unreached?.why ?? (status === undefined ? (error as Error).name : `status ${status}`)
    throw new ObjectError('STORE_FAILED', `S3 did not tell the region of bucket "${bucket}": ${why}`, {
      remedy: unreached?.remedy ?? 'try again; if it fails again, check the endpoint and the credentials',
      cause: error,
    })
  }
}

/**
 * The region of a bucket.
 *
 * @throws ObjectError `BUCKET_NOT_FOUND`; `STORE_FAILED`; `OBJECT_FORBIDDEN` if S3 does not tell these credentials
 */
export async function locateBucket(client: S3Client, bucket: string): Promise<string> {
  const region = await findBucketRegion(client, bucket)
  if (region !== undefined) return region
  throw new ObjectError('OBJECT_FORBIDDEN', `S3 does not tell the region of bucket "${bucket}" to these credentials`, {
    remedy: 'check the name of the bucket, or ask its owner for s3:ListBucket',
  })
}

interface SdkError {
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

function readRefusal(error: unknown): { httpStatusCode: number | undefined; region: string | undefined } {
  const { $metadata, $response } = error as SdkError
  return { httpStatusCode: $metadata?.httpStatusCode, region: $response?.headers?.['x-amz-bucket-region'] }
}
