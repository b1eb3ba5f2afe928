/** Sends a mission off, to be carried out by a relay in the cloud while its sender goes away. */

import { explainUnreachable } from '../../aws/invoke-landing.ts'
import { startRelay } from '../../aws/start-relay.ts'
import { deliver } from '../../aws/upload.ts'
import { UnreachableError, UsageError } from '../../errors.ts'
import { placeOf } from '../../fleet/deployed-region.ts'
import type { FleetRegion } from '../../fleet/fleet-file.ts'
import { FORMAT_VERSION } from '../../format-version.ts'
import { requestKey } from '../../objects/agent-bucket.ts'
import { createS3AgentBucket } from '../../objects/s3-agent-bucket.ts'
import type { MissionRequest } from '../../relay/detached-request.ts'
import type { RelayEvent } from '../../relay/detached-task.ts'
import type { EnvelopeJson } from '../../trust/envelope.ts'
import { type MissionOptions, signMission } from '../mission.ts'

/** A mission on its way. Its id is all that is needed to ask for it later, from any machine. */
export interface Dispatched {
  readonly mission: string
  /** Where its relay runs. */
  readonly relay: string
  readonly regions: readonly string[]
  /** When its order expires: milliseconds since 1970. */
  readonly expiresAt: number
}

/**
 * Sends a mission off. It goes on by itself from here: `missionStatus`, `missionAnswer` and `cancelMission` find it by
 * its id.
 *
 * @throws UsageError `CONFIG_INVALID` when the fleet has no relay
 * @throws UnreachableError when the region of the relay can't be reached
 */
export async function dispatchMission(options: Omit<MissionOptions, 'onProgress' | 'signal'>): Promise<Dispatched> {
  const { fleet, clients, file, transport = 'auto', now = Date.now } = options
  const { mission, envelope, input, regions, starts, expiresAt } = await signMission(options)
  const first = placeOf(starts[0]!, fleet)
  const relayName = requireRelay(first)
  const { bundle } = await deliver(file, { s3: clients.s3(first.region), place: first, transport })
  const request: MissionRequest = {
    lander: FORMAT_VERSION,
    mission,
    regions: fleet.regions
      .filter(({ region }) => regions.includes(region))
      .map(({ region, functionName, agentBucket }) => ({ region, functionName, agentBucket })),
    starts: [...starts],
    bundle,
    order: envelope satisfies EnvelopeJson,
    input,
    sentAt: now(),
    expiresAt,
  }
  const agents = createS3AgentBucket({ client: clients.s3(first.region), bucket: first.agentBucket })
  await agents.putIfAbsent(requestKey(mission), Buffer.from(JSON.stringify(request)))
  const event: RelayEvent = { lander: FORMAT_VERSION, relay: mission, generation: 1 }
  const lambda = clients.lambda(first.region)
  await startRelay(lambda, relayName, event).catch((error: unknown) => fail(error, first, relayName))
  return { mission, relay: first.region, regions, expiresAt }
}

function requireRelay({ region, relayName }: FleetRegion): string {
  if (relayName !== undefined) return relayName
  throw new UsageError('CONFIG_INVALID', `the fleet file names no relay in ${region}`, {
    remedy: 'deploy the fleet again with this version, and import its outputs: lander fleet import',
  })
}

function fail(error: unknown, start: FleetRegion, relayName: string): never {
  const explained = explainUnreachable(error, { ...start, functionName: relayName })
  throw explained instanceof UnreachableError ? explained : error
}
