/** A local cloud for tests, in a temporary folder that is removed when the cloud is disposed. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFleetClients, type FleetClients } from '../fleet/clients.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { parseDataUri } from '../objects/data-uri.ts'
import { putObject } from '../objects/s3-put.ts'
import type { SigningKey } from '../trust/keys.ts'
import { type LocalFleet, type LocalFleetOptions, startLocalFleet } from './local-fleet.ts'

/** Options of {@link startLocalCloud}. */
export interface TestCloudOptions extends Omit<LocalFleetOptions, 'dir'> {
  /** The folder for buckets and keys, which is kept. @default a temporary folder, removed when the cloud is disposed */
  readonly dir?: string
}

/** A local cloud with a fleet deployed to it. Disposing it stops its servers and functions. */
export interface TestCloud extends AsyncDisposable {
  readonly fleet: Fleet
  readonly clients: FleetClients
  /** A key that the fleet trusts as author and as sender. */
  readonly key: SigningKey
  /** The local fleet and its cloud, to read the traffic of links and to inject failures. */
  readonly local: LocalFleet
  /**
   * Writes one object, and creates its bucket if it does not exist.
   *
   * @param uri such as `s3://logs-eu/2026/a.log`
   * @param region the region of the bucket @default the first region
   */
  put(uri: string, body: string | Uint8Array, region?: string): Promise<void>
}

/**
 * Starts a local cloud for tests, with S3 and Lambda in every region. It runs the same function as a deployment on AWS.
 *
 * @throws UsageError `REGION_UNKNOWN`
 *
 * @example
 * await using cloud = await startLocalCloud({ regions: ['eu-west-1'] })
 * await cloud.put('s3://logs-eu/2026/a.log', 'ok\nERROR\n')
 * const { file } = await packSigned('count.ts', cloud.key, { scopes: [parseDataUri('s3://logs-eu/')] })
 * const { value } = await run({ ...cloud, sender: cloud.key, file, input: { word: 'ERROR' } })
 */
export async function startLocalCloud({ dir, ...options }: TestCloudOptions): Promise<TestCloud> {
  const folder = dir ?? (await mkdtemp(join(tmpdir(), 'lander-test-')))
  const local = await startLocalFleet({ dir: folder, ...options })
  const clients = createFleetClients(local.fleet)
  const made = new Map<string, Promise<void>>()
  return {
    fleet: local.fleet,
    clients,
    key: local.developer,
    local,
    async put(uri, body, region = options.regions[0]!) {
      const { bucket, prefix: key } = parseDataUri(uri)
      const known = made.get(bucket) ?? local.cloud.createBucket(region, bucket)
      made.set(bucket, known)
      await known
      await putObject(clients.s3(region), { bucket, key, body })
    },
    async [Symbol.asyncDispose]() {
      clients[Symbol.dispose]()
      await local[Symbol.asyncDispose]()
      if (dir === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}
