import { fromBase64url } from '../encoding/base64url.ts'
import { utf8 } from '../encoding/bytes.ts'
import { parseStrictJson } from '../encoding/strict-json.ts'
import { RefusedError } from '../errors.ts'
import type { FleetClients } from '../fleet/clients.ts'
import type { Fleet, FleetRegion } from '../fleet/fleet.ts'
import { POLICY_KEY } from '../objects/agent-bucket.ts'
import { createS3AgentBucket } from '../objects/s3-agent-bucket.ts'
import { MAX_POLICY_FILE_BYTES, verifyOwnPolicyFile } from '../trust/policy-file.ts'
import { requireInTime } from '../trust/validity.ts'
import { readPolicyFile } from './policy-file.ts'

/** Puts a signed key policy into every region's agent bucket, where functions take it up within 30 seconds. */
export async function publishPolicy(envelope: unknown, fleet: Fleet, clients: FleetClients): Promise<void> {
  const bytes = utf8(JSON.stringify(envelope))
  await Promise.all(fleet.regions.map((place) => agentBucketOf(place, clients).put(POLICY_KEY, bytes)))
}

/**
 * Publishes a fleet's policy file in every region. Cut off half-way, the same call again finishes it.
 *
 * @returns the policy's version
 * @throws UsageError `FILE_NOT_FOUND`
 * @throws RefusedError `EXPIRED`, or `REPLAYED` when a region has a newer one
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
 * Makes sure that no region has a newer policy than `version`: functions that saw it would not go back, and those that
 * start anew would, so a revoked key could come to life in some of them.
 *
 * @throws RefusedError `REPLAYED` that names the region and its version
 */
async function requireNewest(version: number, fleet: Fleet, clients: FleetClients): Promise<void> {
  for (const place of fleet.regions) {
    const published = await publishedVersion(place, fleet, clients)
    if (published === undefined || published <= version) continue
    throw new RefusedError(
      'REPLAYED',
      `${place.region} has version ${published} of the key policy, this is ${version}`,
      {
        remedy: 'take the newer policy file, whoever published it has it, and make the change there',
      },
    )
  }
}

/** The version of a region's policy; `undefined` when there is none by the fleet's root key. */
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
