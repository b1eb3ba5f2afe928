import { AwsError } from '../http/aws-error.ts'
import { noSuchBucket } from './bucket.ts'
import { type Operation, requireBucket, type S3Call, xmlReply } from './call.ts'
import { readDocument } from './documents.ts'
import { readCount } from './query.ts'
import { buildXml, childText } from './xml.ts'

/** The region of a bucket whose request names none (S3 API Reference, CreateBucket). */
const DEFAULT_REGION = 'us-east-1'

export const createBucket: Operation = async (call) => {
  const { bucketName, auth, storage } = call
  requireBucketName(bucketName)
  requireOwnRegion(await readLocationConstraint(call), auth.region)
  await storage.create(bucketName, auth.region, call.now())
  return { status: 200, headers: { location: `/${bucketName}` } }
}

/** Checks a name by the S3 User Guide, "Bucket naming rules". Valid names are also safe as names of directories. */
export function requireBucketName(name: string): void {
  const wellFormed = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..')
  if (!wellFormed || /^\d+\.\d+\.\d+\.\d+$/.test(name))
    throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', { fields: { BucketName: name } })
}

async function readLocationConstraint(call: S3Call): Promise<string> {
  const length = call.headers['content-length'] ?? '0'
  if (length === '0') return DEFAULT_REGION
  const document = await readDocument(call, 'CreateBucketConfiguration')
  return childText(document, 'LocationConstraint') || DEFAULT_REGION
}

function requireOwnRegion(constraint: string, region: string): void {
  if (constraint === region) return
  throw new AwsError(
    'IllegalLocationConstraintException',
    `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to (${region}).`,
  )
}

export const headBucket: Operation = async (call) => {
  const { region } = await requireBucket(call)
  return { status: 200, headers: { 'x-amz-bucket-region': region } }
}

export const deleteBucket: Operation = async (call) => {
  await call.storage.remove(await requireBucket(call))
  return { status: 204 }
}

/** The only operation that every region answers. */
export const getBucketLocation: Operation = async ({ storage, bucketName }) => {
  const bucket = await storage.find(bucketName)
  if (bucket === undefined) throw noSuchBucket(bucketName)
  const constraint = bucket.region === DEFAULT_REGION ? '' : bucket.region
  return xmlReply(buildXml('LocationConstraint', { '#text': constraint }))
}

/** S3 API Reference, ListBuckets. */
const MAX_BUCKETS = 10_000

/** Lists the buckets of all regions, in pages. */
export const listBuckets: Operation = async ({ storage, query, auth }) => {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('continuation-token') ?? ''
  const region = query.get('bucket-region')
  const limit = Math.min(MAX_BUCKETS, readCount(query, 'max-buckets', MAX_BUCKETS))
  const buckets = (await storage.list()).filter(
    (bucket) =>
      bucket.name.startsWith(prefix) && bucket.name > after && (region === undefined || bucket.region === region),
  )
  const page = buckets.slice(0, limit)
  return xmlReply(
    buildXml('ListAllMyBucketsResult', {
      Owner: { ID: auth.accessKeyId, DisplayName: auth.accessKeyId },
      Buckets: {
        Bucket: page.map(({ name, region, createdAt }) => ({
          Name: name,
          CreationDate: new Date(createdAt).toISOString(),
          BucketRegion: region,
        })),
      },
      Prefix: query.get('prefix'),
      ContinuationToken: buckets.length > page.length ? page.at(-1)?.name : undefined,
    }),
  )
}
