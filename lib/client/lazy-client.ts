import type { FleetClients } from '../fleet/clients.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { readPolicy } from '../fleet/read-policy.ts'
import type { ObjectStore } from '../objects/store.ts'
import { createLandingClient, type LandingClient } from './home.ts'

/** A home that is made ready while the regions work, and ended with the run. */
export interface LazyClient extends AsyncDisposable {
  ready(): Promise<LandingClient>
}

/** Whose client it is, and by which clock. */
export interface LazyClientContext {
  readonly fleet: Fleet
  readonly clients: FleetClients
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined
}

export interface LazyClientOptions {
  /** Whether it will be needed: then it is made ready at once, and nobody waits for it later. */
  readonly soon: boolean
  /** The data an agent may see there. @default none */
  readonly data?: ObjectStore
}

/** Makes a home ready, now or when it is first asked for. */
export function startLazyClient(
  { fleet, clients, now = Date.now }: LazyClientContext,
  { soon, data }: LazyClientOptions,
): LazyClient {
  const open = async () => {
    const policy = await readPolicy(fleet, clients, now())
    return createLandingClient({ fleet: fleet.name, policy, now, ...(data && { data }) })
  }
  let opening: Promise<LandingClient> | undefined
  const ready = () => (opening ??= open())
  // Whether it worked is for those to say who ask for it.
  if (soon) ready().catch(() => undefined)
  return {
    ready,
    async [Symbol.asyncDispose]() {
      const client = await opening?.catch(() => undefined)
      await client?.[Symbol.asyncDispose]()
    },
  }
}
