import { utf8 } from '../encoding/bytes.ts'
import { POLICY_KEY } from '../objects/agent-bucket.ts'
import { createS3AgentBucket } from '../objects/s3-agent-bucket.ts'
import type { FleetClients } from './clients.ts'
import type { Fleet } from './fleet.ts'

/** Puts a signed key policy into every region's agent bucket, where functions take it up within half a minute. */
export async function publishPolicy(envelope: unknown, fleet: Fleet, clients: FleetClients): Promise<void> {
  const bytes = utf8(JSON.stringify(envelope))
  await Promise.all(
    fleet.regions.map(({ region, agentBucket }) =>
      createS3AgentBucket({ client: clients.s3(region), bucket: agentBucket }).put(POLICY_KEY, bytes),
    ),
  )
}
