import type { FleetClients } from '../fleet/clients.ts'
import { placeOf } from '../fleet/deployed-region.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { createS3AgentBucket } from '../objects/s3-agent-bucket.ts'
import type { FindPlace } from '../relay/landing-place.ts'
import { land } from './invoke-landing.ts'
import { deliver, type Transport } from './upload.ts'

export interface RegionPlacesOptions {
  readonly fleet: Pick<Fleet, 'name' | 'regions'>
  readonly clients: FleetClients
  /** How bundles are sent. @default 'auto' */
  readonly transport?: Transport | undefined
}

/** The regions of a fleet as places, for the relay. */
export function createRegionPlaces({ fleet, clients, transport = 'auto' }: RegionPlacesOptions): FindPlace {
  return (name) => {
    const place = placeOf(name, fleet)
    return {
      name,
      get states() {
        return createS3AgentBucket({ client: clients.s3(name), bucket: place.agentBucket })
      },
      deliver: (file) => deliver(file, { s3: clients.s3(name), place, transport }),
      land(invocation, { messages, onProgress, signal } = {}) {
        const signed = messages === undefined ? invocation : { ...invocation, messages: messages.sign() }
        return land({ lambda: clients.lambda(name), place, invocation: signed, onProgress, signal })
      },
    }
  }
}
