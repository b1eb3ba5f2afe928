import { GetObjectCommand, PutObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3'
import { ObjectError } from '../errors.ts'
import type { ListedBucket } from './agent-bucket.ts'
import { explainUnreached } from './s3-unreached.ts'

/** The agent bucket of a region in S3. */
export function createS3AgentBucket({ client, bucket }: { client: S3Client; bucket: string }): ListedBucket {
  return {
    async get(key, maxBytes) {
      try {
        const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
        if (ContentLength <= maxBytes && Body !== undefined) return await Body.transformToByteArray()
        ;(Body as { destroy?(): void } | undefined)?.destroy?.()
        throw new ObjectError('STORE_FAILED', `${bucket}/${key} has ${ContentLength} bytes; the limit is ${maxBytes}`)
      } catch (error) {
        if (named(error, 'NoSuchKey')) return undefined
        throw asObjectError(error, bucket, key)
      }
    },
    async putIfAbsent(key, bytes) {
      try {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, IfNoneMatch: '*' }))
        return true
      } catch (error) {
        // 412: the object exists. 409: another conditional write of the same key succeeded during this call.
        if (named(error, 'PreconditionFailed', 'ConditionalRequestConflict')) return false
        throw asObjectError(error, bucket, key)
      }
    },
    async put(key, bytes) {
      try {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))
      } catch (error) {
        throw asObjectError(error, bucket, key)
      }
    },
    async list(prefix) {
      const keys: string[] = []
      try {
        for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix }))
          keys.push(...Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key])))
        return keys
      } catch (error) {
        throw asObjectError(error, bucket, prefix)
      }
    },
  }
}

function named(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.includes(error.name)
}

function asObjectError(error: unknown, bucket: string, key: string): ObjectError {
  if (error instanceof ObjectError) return error
  if (named(error, 'NoSuchBucket')) {
    return new ObjectError('BUCKET_NOT_FOUND', `there is no agent bucket "${bucket}"`, {
      cause: error,
      remedy: 'correct the fleet file, or deploy the stack again',
    })
  }
  if (named(error, 'AccessDenied')) {
    return new ObjectError('OBJECT_FORBIDDEN', `access to ${key} in the agent bucket "${bucket}" was denied`, {
      cause: error,
      remedy: 'deploy the stack again: it grants the function access',
    })
  }
  const unreached = explainUnreached(error)
  const why = unreached === undefined ? '' : `: ${unreached.why}`
  return new ObjectError('STORE_FAILED', `the agent bucket "${bucket}" did not answer for ${key}${why}`, {
    remedy: unreached?.remedy ?? 'try again; if it fails again, check the fleet file and the credentials',
    cause: error,
  })
}
