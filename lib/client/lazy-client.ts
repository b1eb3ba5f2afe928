import type { FleetClients } from '../fleet/clients.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { readPolicy } from '../fleet/read-policy.ts'
import type { ObjectStore } from '../objects/store.ts'
import { openClient } from './open-client.ts'
import type { OpenPlace } from './open-place.ts'

/** The client as a place, opened while the regions work and closed with the run. */
export interface LazyClient extends AsyncDisposable {
  ready(): Promise<OpenPlace>
}

/** Whose client it is, and by which clock. */
export interface LazyClientContext {
  readonly fleet: Fleet
  readonly clients: FleetClients
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined
}

export interface LazyClientOptions {
  /** Whether it will be needed: then it opens at once, so that merging does not wait for it. */
  readonly soon: boolean
  /** The data an agent may see there. @default none */
  readonly data?: ObjectStore
}

/** Opens the client as a place, at once or when it is first asked for. */
export function startLazyClient(
  { fleet, clients, now = Date.now }: LazyClientContext,
  { soon, data }: LazyClientOptions,
): LazyClient {
  const open = async () => {
    const policy = await readPolicy(fleet, clients, now())
    return openClient({ fleet: fleet.name, policy, now, ...(data && { data }) })
  }
  let opening: Promise<OpenPlace> | undefined
  const ready = () => (opening ??= open())
  // A failure is reported by `ready`, to the caller who needs the place.
  if (soon) ready().catch(() => undefined)
  return {
    ready,
    async [Symbol.asyncDispose]() {
      const client = await opening?.catch(() => undefined)
      await client?.[Symbol.asyncDispose]()
    },
  }
}
