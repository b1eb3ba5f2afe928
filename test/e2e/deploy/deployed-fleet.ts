import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { DeployedFleet } from '../../../lib/config/index.ts'
import { createFleetClients, type FleetClients } from '../../../lib/fleet/clients.ts'
import type { Fleet } from '../../../lib/fleet/fleet-file.ts'
import type { PublicReceiptKey } from '../../../lib/fleet/receipt-keys.ts'
import { FORMAT_VERSION } from '../../../lib/format-version.ts'
import { type LocalCloud, startCloud } from '../../../lib/local/cloud.ts'
import { type TakeBackOptions, takeBack } from './deployed-function.ts'
import type { Emulator } from './emulator.ts'

export interface DeployedFleetOptions {
  readonly deployed: DeployedFleet
  readonly receiptKeys: readonly PublicReceiptKey[]
  readonly emulator: Emulator
  /** A folder for the code that is taken back and for the local cloud's objects. It exists. */
  readonly dir: string
}

/** A deployed fleet brought to life: its code and its environment, on the local cloud. */
export interface RunningFleet extends AsyncDisposable {
  readonly fleet: Fleet
  readonly clients: FleetClients
  put(region: string, bucket: string, key: string, body: string): Promise<void>
}

/** Takes every function of a deployed fleet back and runs it, with the buckets it was deployed with. */
export async function runDeployedFleet({
  deployed,
  receiptKeys,
  emulator,
  dir,
}: DeployedFleetOptions): Promise<RunningFleet> {
  const regions = deployed.regions.map(({ region }) => region)
  const cloud = await startCloud({ dir: join(dir, 'cloud'), regions })
  const { endpoint, credentials } = cloud
  const keys = [...receiptKeys]
  const fleet: Fleet = {
    lander: FORMAT_VERSION,
    ...deployed,
    regions: [...deployed.regions],
    receiptKeys: keys,
    endpoint,
    credentials,
  }
  const clients = createFleetClients(fleet)
  for (const place of deployed.regions) await installFunction(cloud, place, { emulator, into: dir })
  return {
    fleet,
    clients,
    async put(region, bucket, key, body) {
      await cloud.createBucket(region, bucket)
      await clients.s3(region).send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
    },
    async [Symbol.asyncDispose]() {
      clients[Symbol.dispose]()
      await cloud.close()
    },
  }
}

async function installFunction(cloud: LocalCloud, place: DeployedFleet['regions'][number], from: TakeBackOptions) {
  const { configuration, codeDir } = await takeBack(place.region, place.functionName, from)
  cloud.createFunction(place.region, {
    name: place.functionName,
    codeDir,
    handler: configuration.Handler!,
    // The local cloud has no Secrets Manager, so the function asks the one it was deployed beside.
    environment: { ...configuration.Environment!.Variables!, AWS_ENDPOINT_URL_SECRETS_MANAGER: from.emulator.endpoint },
    timeoutSeconds: configuration.Timeout!,
    memoryMb: configuration.MemorySize!,
  })
  await cloud.createBucket(place.region, place.agentBucket)
}
