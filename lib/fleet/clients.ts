import { Agent } from 'node:https'
import { LambdaClient } from '@aws-sdk/client-lambda'
import type { S3Client } from '@aws-sdk/client-s3'
import { createS3Client } from '../objects/s3.ts'
import { locateBucket } from './bucket-region.ts'
import type { Fleet } from './fleet.ts'
import { readCertificates } from './read-certificates.ts'

/** The SDK's clients of a fleet, one of each kind a region, made when first asked for. */
export interface FleetClients extends Disposable {
  /** The region’s client of S3. */
  s3(region: string): S3Client
  /** The region’s client of Lambda. */
  lambda(region: string): LambdaClient
  /**
   * The region that a bucket lies in: S3 is asked once, since buckets don't move.
   *
   * @param via the region whose S3 is asked
   * @throws ObjectError `BUCKET_NOT_FOUND`, `STORE_FAILED`, or `OBJECT_FORBIDDEN` when S3 does not say
   */
  regionOf(bucket: string, via: string): Promise<string>
}

/**
 * Makes the clients: for AWS as the environment says, for a local cloud as its fleet file says.
 *
 * @throws UsageError `FILE_NOT_FOUND`, `CONFIG_INVALID` of the certificate that the fleet file names
 */
export function createFleetClients(fleet: Pick<Fleet, 'endpoint' | 'ca' | 'credentials'>): FleetClients {
  const { endpoint, credentials } = fleet
  const ca = fleet.ca === undefined ? undefined : readCertificates(fleet.ca)
  const where = {
    ...(endpoint !== undefined && { endpoint }),
    // A copy: the SDK writes into what it is given.
    ...(credentials !== undefined && { credentials: { ...credentials } }),
  }
  const s3 = new Map<string, S3Client>()
  const lambda = new Map<string, LambdaClient>()
  const bucketRegions = new Map<string, Promise<string>>()
  const clientOf = (region: string) =>
    remember(s3, region, () => createS3Client({ region, ...where, ...(ca && { ca }) }))
  return {
    s3: clientOf,
    regionOf(bucket, via) {
      const found = remember(bucketRegions, bucket, () => locateBucket(clientOf(via), bucket))
      // What was not found may be there the next time.
      found.catch(() => bucketRegions.delete(bucket))
      return found
    },
    lambda: (region) =>
      remember(lambda, region, () => {
        const trust = ca && { requestHandler: { httpsAgent: new Agent({ keepAlive: true, ca }) } }
        // A run is paid for once: an order may land only once, so a retry by the SDK could only be refused.
        return new LambdaClient({ region, ...where, ...trust, maxAttempts: 1 })
      }),
    [Symbol.dispose]() {
      for (const client of [...s3.values(), ...lambda.values()]) client.destroy()
    },
  }
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}
