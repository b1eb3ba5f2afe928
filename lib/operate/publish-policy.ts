import { fromBase64url } from '../encoding/base64url.ts'
import { utf8 } from '../encoding/bytes.ts'
import { parseStrictJson } from '../encoding/strict-json.ts'
import { RefusedError } from '../errors.ts'
import type { FleetClients } from '../fleet/clients.ts'
import type { Fleet, FleetRegion } from '../fleet/fleet-file.ts'
import { POLICY_KEY } from '../objects/agent-bucket.ts'
import { createS3AgentBucket } from '../objects/s3-agent-bucket.ts'
import { MAX_POLICY_FILE_BYTES, verifyOwnPolicyFile } from '../trust/policy-file.ts'
import { requireInTime } from '../trust/validity.ts'
import { readPolicyFile } from './operator-policy-file.ts'

/** Writes a signed key policy to the agent bucket of every region. Functions apply it within 30 seconds. */
export async function publishPolicy(envelope: unknown, fleet: Fleet, clients: FleetClients): Promise<void> {
  const bytes = utf8(JSON.stringify(envelope))
  await Promise.all(fleet.regions.map((place) => agentBucketOf(place, clients).put(POLICY_KEY, bytes)))
}

/**
 * Publishes a fleet's policy file in every region. If it is interrupted, the same call completes it.
 *
 * @returns the version of the policy
 * @throws UsageError `FILE_NOT_FOUND`
 * @throws RefusedError `EXPIRED`, or `REPLAYED` if a region has a newer policy
 */
export async function publishPolicyFile(
  path: string,
  { fleet, clients, now }: { fleet: Fleet; clients: FleetClients; now: number },
): Promise<number> {
  const { policy, bytes } = await readPolicyFile(path, fleet)
  requireInTime('key policy', policy, now)
  await requireNewest(policy.version, fleet, clients)
  await publishPolicy(parseStrictJson(bytes, { maxLength: MAX_POLICY_FILE_BYTES }), fleet, clients)
  return policy.version
}

/**
 * Checks that no region has a newer policy than `version`. Otherwise running functions would keep the newer policy and
 * new ones would use the older, so some functions would accept a key that was revoked.
 *
 * @throws RefusedError `REPLAYED` that names the region and its version
 */
async function requireNewest(version: number, fleet: Fleet, clients: FleetClients): Promise<void> {
  for (const place of fleet.regions) {
    const published = await publishedVersion(place, fleet, clients)
    if (published === undefined || published <= version) continue
    throw new RefusedError('REPLAYED', `${place.region} has version ${published} of the key policy, not ${version}`, {
      remedy: 'get the newer policy file from the operator who published it, and make the change there',
    })
  }
}

/** The version of the policy in a region; `undefined` if there is none that the fleet's root key signed. */
export async function publishedVersion(
  place: FleetRegion,
  fleet: Fleet,
  clients: FleetClients,
): Promise<number | undefined> {
  const bytes = await agentBucketOf(place, clients).get(POLICY_KEY, MAX_POLICY_FILE_BYTES)
  try {
    return bytes && verifyOwnPolicyFile(bytes, { rootKey: fromBase64url(fleet.rootKey), fleet: fleet.name }).version
  } catch {
    return undefined
  }
}

function agentBucketOf({ region, agentBucket }: FleetRegion, clients: FleetClients) {
  return createS3AgentBucket({ client: clients.s3(region), bucket: agentBucket })
}
