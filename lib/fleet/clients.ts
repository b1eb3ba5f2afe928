import { Agent } from 'node:https'
import { LambdaClient } from '@aws-sdk/client-lambda'
import type { S3Client } from '@aws-sdk/client-s3'
import { createS3Client } from '../objects/s3.ts'
import type { Fleet } from './fleet-file.ts'
import { locateBucket } from './locate-bucket.ts'
import { readCertificates } from './read-certificates.ts'

/** The SDK clients of a fleet: for each region one of S3 and one of Lambda, created at first use. */
export interface FleetClients extends Disposable {
  /** The S3 client of a region. */
  s3(region: string): S3Client
  /** The Lambda client of a region. */
  lambda(region: string): LambdaClient
  /**
   * The region of a bucket. The answer is cached, because buckets don't move.
   *
   * @param via the region whose S3 endpoint is asked
   * @throws ObjectError `BUCKET_NOT_FOUND`; `STORE_FAILED`; `OBJECT_FORBIDDEN` if S3 does not tell these credentials
   */
  regionOf(bucket: string, via: string): Promise<string>
}

/**
 * Creates the clients. Credentials and endpoint come from the fleet file of a local cloud, else from the environment.
 *
 * @throws UsageError `FILE_NOT_FOUND` or `CONFIG_INVALID` for the certificate that the fleet file names
 */
export function createFleetClients(fleet: Pick<Fleet, 'endpoint' | 'ca' | 'credentials'>): FleetClients {
  const { endpoint, credentials } = fleet
  const ca = fleet.ca === undefined ? undefined : readCertificates(fleet.ca)
  const settings = {
    ...(endpoint !== undefined && { endpoint }),
    // A copy, because the SDK writes into the object.
    ...(credentials !== undefined && { credentials: { ...credentials } }),
  }
  const s3Clients = new Map<string, S3Client>()
  const lambdaClients = new Map<string, LambdaClient>()
  const regionOfBucket = new Map<string, Promise<string>>()
  const s3 = (region: string) =>
    remember(s3Clients, region, () => createS3Client({ region, ...settings, ...(ca && { ca }) }))
  return {
    s3,
    regionOf(bucket, via) {
      const region = remember(regionOfBucket, bucket, () => locateBucket(s3(via), bucket))
      // Errors are not cached: the bucket may exist the next time.
      region.catch(() => regionOfBucket.delete(bucket))
      return region
    },
    lambda: (region) =>
      remember(lambdaClients, region, () => {
        const trust = ca && { requestHandler: { httpsAgent: new Agent({ keepAlive: true, ca }) } }
        // No retries by the SDK: an order may land only once, so a region would refuse the retry.
        return new LambdaClient({ region, ...settings, ...trust, maxAttempts: 1 })
      }),
    [Symbol.dispose]() {
      for (const client of [...s3Clients.values(), ...lambdaClients.values()]) client.destroy()
    },
  }
}

function remember<T>(known: Map<string, T>, key: string, create: () => T): T {
  const value = known.get(key) ?? create()
  known.set(key, value)
  return value
}
