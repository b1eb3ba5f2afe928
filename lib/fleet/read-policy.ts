import { fromBase64url } from '../encoding/base64url.ts'
import { UnreachableError } from '../errors.ts'
import { POLICY_KEY } from '../objects/agent-bucket.ts'
import { createS3AgentBucket } from '../objects/s3-agent-bucket.ts'
import type { KeyPolicy } from '../trust/key-policy.ts'
import { MAX_POLICY_FILE_BYTES, verifyPolicyFile } from '../trust/policy-file.ts'
import type { FleetClients } from './clients.ts'
import type { Fleet } from './fleet-file.ts'

/** Reads the fleet's key policy from its first region. @throws RefusedError if the root key did not sign it */
export async function readPolicy(fleet: Fleet, clients: FleetClients, now: number): Promise<KeyPolicy> {
  const { region, agentBucket } = fleet.regions[0]!
  const bucket = createS3AgentBucket({ client: clients.s3(region), bucket: agentBucket })
  const bytes = await bucket.get(POLICY_KEY, MAX_POLICY_FILE_BYTES)
  if (bytes === undefined) {
    throw new UnreachableError('REGION_UNREACHABLE', `fleet "${fleet.name}" has no key policy in ${region}`, {
      remedy: 'publish one with lander trust publish',
    })
  }
  return verifyPolicyFile(bytes, { rootKey: fromBase64url(fleet.rootKey), fleet: fleet.name, now })
}
