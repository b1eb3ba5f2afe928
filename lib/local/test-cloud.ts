/** A cloud for tests: started in a temporary folder, filled with a line, gone when it is disposed. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFleetClients, type FleetClients } from '../fleet/clients.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { parseDataUri } from '../objects/data-uri.ts'
import { putObject } from '../objects/s3-put.ts'
import type { SigningKey } from '../trust/keys.ts'
import { type LocalFleet, type LocalFleetOptions, startLocalFleet } from './local-fleet.ts'

/** Regions of a test's cloud, and what else is not as usual. */
export interface TestCloudOptions extends Omit<LocalFleetOptions, 'dir'> {
  /** Where its buckets and keys lie; kept when the cloud ends. @default a temporary folder, removed when the cloud ends */
  readonly dir?: string
}

/** A cloud on this machine with a fleet deployed to it. Dispose it: it ends its servers and functions. */
export interface TestCloud extends AsyncDisposable {
  readonly fleet: Fleet
  readonly clients: FleetClients
  /** A key that the fleet trusts: it packs, signs and sends. */
  readonly key: SigningKey
  /** The cloud behind the fleet, with its links and faults. */
  readonly local: LocalFleet
  /**
   * Puts one object, and makes its bucket if there is none.
   *
   * @param uri such as `s3://logs-eu/2026/a.log`
   * @param region where the bucket is made; the bucket must lie there if it exists @default the first region
   */
  put(uri: string, body: string | Uint8Array, region?: string): Promise<void>
}

/**
 * Starts a cloud on this machine: S3 and Lambda in every region, running the function that a deployment runs.
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
