import { secretReader } from '../../lib/aws/secret-reader.ts'
import { createSessionBroker, type SessionCredentials } from '../../lib/aws/session-broker.ts'
import { findBucketRegion } from '../../lib/fleet/locate-bucket.ts'
import { createRegionCodec } from '../../lib/host/boundary-codec.ts'
import { rememberRegions } from '../../lib/host/bucket-region.ts'
import { createHost, type Host } from '../../lib/host/host.ts'
import { createPolicySource } from '../../lib/host/policy-source.ts'
import { createReceiptKeys } from '../../lib/host/receipts.ts'
import { createSecretSource } from '../../lib/host/secret-source.ts'
import type { KernelLibrary } from '../../lib/kernels/library.ts'
import { createS3Client, createS3Store } from '../../lib/objects/s3.ts'
import { createS3AgentBucket } from '../../lib/objects/s3-agent-bucket.ts'
import { engineDigest } from '../../lib/sandbox/contract/assets.ts'
import { readEnvironment } from './environment.ts'
import type { KernelsHere } from './kernels.ts'
import { ASSETS, sandbox } from './sandbox.ts'

/** Makes this function's place from its environment. */
export async function createPlace(): Promise<Host> {
  const environment = readEnvironment(process.env)
  const { fleet, region, agentBucket, rootKey, secret: where, brokerRole, compiler } = environment
  const client = createS3Client({ region })
  const agents = createS3AgentBucket({ client, bucket: agentBucket })
  const now = () => Date.now()
  const secret = createSecretSource({ read: secretReader(where, { region }), now })
  const policy = createPolicySource({ agents, rootKey, fleet, now })
  const receipts = createReceiptKeys({ secret, fleet })
  // Loads the receipt key while the engine starts. The first run reports a failure.
  receipts.current().catch(() => {})
  // The clients of single runs share the connections of the function's client.
  const { requestHandler } = client.config
  const storeOf = (credentials: SessionCredentials) =>
    createS3Store({ client: createS3Client({ region, credentials, requestHandler }) })
  return createHost({
    fleet,
    region,
    now,
    agents,
    engine: engineDigest(ASSETS),
    policy,
    sandbox,
    data: createS3Store({ client }),
    ...(brokerRole && { broker: createSessionBroker({ roleArn: brokerRole, region, storeOf }) }),
    receipts,
    secret,
    codec: createRegionCodec({ receipts, policy }),
    ...(compiler && {
      kernels: kernelsOf({ region, agents, functionName: compiler, folder: environment.kernelFolder }),
    }),
    regionOf: rememberRegions((bucket) => findBucketRegion(client, bucket)),
    report: (error) => console.error(error),
  })
}

/** Loads the code for kernels with the first kernel that came as source, so that other agents don't pay for it. */
function kernelsOf(here: KernelsHere): KernelLibrary {
  let loaded: Promise<KernelLibrary> | undefined
  return {
    async binaryOf(source, language) {
      loaded ??= import('./kernels.ts').then(({ createKernels }) => createKernels(here))
      return (await loaded).binaryOf(source, language)
    },
  }
}
