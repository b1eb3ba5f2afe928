/**
 * The relay function: it only connects the environment to `lib/relay`. It moves the agents of detached missions from
 * region to region, as a client would, and can not open their states. The CDK deploys the build of this file to every
 * storage region, and the local cloud runs the same build.
 */
import { createRegionPlaces } from '../../lib/aws/region-places.ts'
import { startRelay } from '../../lib/aws/start-relay.ts'
import { UsageError } from '../../lib/errors.ts'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import { createS3AgentBucket } from '../../lib/objects/s3-agent-bucket.ts'
import { parseRelayEvent, runDetachedTask } from '../../lib/relay/detached-task.ts'
import { deadlineOf } from '../data-locality/deadline.ts'
import { readEnvironment } from './environment.ts'

/** The part of Lambda's context that this function uses. */
interface LambdaContext {
  getRemainingTimeInMillis(): number
}

const { fleet, region, agentBucket, functionName } = readEnvironment(process.env)
const clients = createFleetClients({})
const agents = createS3AgentBucket({ client: clients.s3(region), bucket: agentBucket })

/** Throws if it can't continue: Lambda then retries, and the new relay finds in the ledgers what has been done. */
export const handler = async (event: unknown, context: LambdaContext): Promise<{ lander: string }> => {
  const relay = parseRelayEvent(event)
  if (relay === undefined) throw new UsageError('USAGE', 'the event names no mission')
  const deadline = deadlineOf(context.getRemainingTimeInMillis())
  try {
    const lander = await runDetachedTask(relay, {
      agents,
      placesOf: ({ regions }) =>
        createRegionPlaces({ fleet: { name: fleet, regions: regions.map((place) => ({ ...place })) }, clients }),
      startNext: (event) => startRelay(clients.lambda(region), functionName, event),
      evict: deadline.evict,
      now: () => Date.now(),
    })
    console.log({ lander, mission: relay.relay, generation: relay.generation })
    return { lander }
  } finally {
    deadline.clear()
  }
}
