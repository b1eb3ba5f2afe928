import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { digestOf } from '../encoding/digest.ts'
import { UnreachableError } from '../errors.ts'
import type { FleetRegion } from '../fleet/fleet.ts'
import { MAX_INLINE_BUNDLE_BYTES } from '../host/protocol.ts'
import { bundleKey } from '../objects/agent-bucket.ts'
import type { Delivery } from '../relay/landing-place.ts'

export type Transport = 'auto' | 'inline' | 'bucket'

/** Small bundles go along with the invocation; the others are uploaded once to the agent bucket and found again. */
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
    const why = `${(error as Error).name} from the agent bucket ${place.agentBucket}`
    throw new UnreachableError('UPLOAD_FAILED', `the bundle could not be uploaded to ${place.region}: ${why}`, {
      remedy: 'check that these credentials may write agents/* there',
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
