import { AwsError } from '../http/aws-error.ts'
import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from './buckets.ts'
import type { Address, Operation } from './call.ts'
import { completeMultipartUpload } from './complete-upload.ts'
import { copyObject } from './copy.ts'
import { deleteObjects } from './delete-objects.ts'
import { listObjects, listObjectsV2 } from './list-objects.ts'
import { listMultipartUploads, listParts } from './list-uploads.ts'
import { abortMultipartUpload, createMultipartUpload, uploadPart, uploadPartCopy } from './multipart.ts'
import { deleteObject, getObject, headObject, putObject } from './objects.ts'
import { notImplemented } from './request-headers.ts'

/** Query parameters of operations that this S3 does not implement. */
const OTHER_OPERATIONS = new Set(
  `accelerate acl analytics attributes cors encryption intelligent-tiering inventory legal-hold lifecycle
  logging metadataConfiguration metadataTable metrics notification object-lock ownershipControls policy policyStatus
  publicAccessBlock renameObject replication requestPayment restore retention select session tagging torrent
  versionId versioning versions website`.split(/\s+/),
)

/** Operations by method, target, and the query parameter or header that distinguishes them. */
const ROUTES: Readonly<Record<string, Operation>> = {
  'GET service': listBuckets,
  'PUT bucket': createBucket,
  'HEAD bucket': headBucket,
  'DELETE bucket': deleteBucket,
  'GET bucket': listObjects,
  'GET bucket list-type': listObjectsV2,
  'GET bucket location': getBucketLocation,
  'GET bucket uploads': listMultipartUploads,
  'POST bucket delete': deleteObjects,
  'PUT object': putObject,
  'PUT object copy': copyObject,
  'GET object': getObject,
  'HEAD object': headObject,
  'DELETE object': deleteObject,
  'POST object uploads': createMultipartUpload,
  'PUT object uploadId': uploadPart,
  'PUT object uploadId copy': uploadPartCopy,
  'GET object uploadId': listParts,
  'POST object uploadId': completeMultipartUpload,
  'DELETE object uploadId': abortMultipartUpload,
}

const VARIANTS = ['list-type', 'location', 'uploads', 'delete', 'uploadId']

export interface RoutedRequest extends Address {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The operation of a request.
 *
 * @throws AwsError `NotImplemented` for operations that only AWS's S3 has; `MethodNotAllowed`
 */
export function routeOperation({ method, bucketName, key, query, headers }: RoutedRequest): Operation {
  const other = [...query.keys()].find((name) => OTHER_OPERATIONS.has(name))
  if (other !== undefined) throw notImplemented(`?${other}`)
  const subject = key !== '' ? 'object' : bucketName !== '' ? 'bucket' : 'service'
  const variants = VARIANTS.filter((name) => query.has(name))
  if (method === 'PUT' && headers['x-amz-copy-source'] !== undefined) variants.push('copy')
  const operation = ROUTES[[method, subject, ...variants].join(' ')]
  if (operation === undefined)
    throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.')
  return operation
}
