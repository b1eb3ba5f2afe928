import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { digestOf } from '../encoding/digest.ts'
import { UnreachableError } from '../errors.ts'
import type { FleetRegion } from '../fleet/fleet-file.ts'
import { MAX_INLINE_BUNDLE_BYTES } from '../host/invocation.ts'
import { bundleKey } from '../objects/agent-bucket.ts'
import type { Delivery } from '../relay/landing-place.ts'

/** How a bundle is sent: inside the invocation, through the agent bucket, or as its size suggests. */
export type Transport = 'auto' | 'inline' | 'bucket'

/** Delivers a bundle to a region. A small one is part of the invocation; a large one is uploaded to the agent bucket once. */
export async function deliver(
  file: Uint8Array,
  { s3, place, transport = 'auto' }: { s3: S3Client; place: FleetRegion; transport?: Transport },
): Promise<Delivery> {
  const inline = transport === 'inline' || (transport === 'auto' && file.length <= MAX_INLINE_BUNDLE_BYTES)
  if (inline) return { bundle: { inline: Buffer.from(file).toString('base64url') }, bytesMoved: 0 }
  const digest = digestOf(file)
  return { bundle: { sha256: digest }, bytesMoved: await uploadOnce(file, bundleKey(digest), s3, place) }
}

async function uploadOnce(file: Uint8Array, key: string, s3: S3Client, place: FleetRegion): Promise<number> {
  const object = { Bucket: place.agentBucket, Key: key }
  try {
    if (await exists(s3, object)) return 0
    await s3.send(new PutObjectCommand({ ...object, Body: file }))
    return file.length
  } catch (error) {
    const reason = `${(error as Error).name} from the agent bucket ${place.agentBucket}`
    throw new UnreachableError('UPLOAD_FAILED', `the bundle could not be uploaded to ${place.region}: ${reason}`, {
      remedy: 'check that the credentials may write agents/* in that bucket',
      cause: error,
    })
  }
}

async function exists(s3: S3Client, object: { Bucket: string; Key: string }): Promise<boolean> {
  try {
    await s3.send(new HeadObjectCommand(object))
    return true
  } catch (error) {
    if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404) return false
    throw error
  }
}
