/**
 * The caller's own machine as a place: where results are merged, and where an agent runs when data moves to the code.
 * It is the same host as in a region, so the same checks and the same wall stand around the agent.
 */
import { ensureFunctionAsset } from '../assets/function-asset.ts'
import { CLIENT } from '../client-name.ts'
import { createMemoryStore } from '../objects/memory.ts'
import type { ObjectStore } from '../objects/store.ts'
import { engineDigest } from '../sandbox/contract/assets.ts'
import type { KeyPolicy } from '../trust/key-policy.ts'
import { createKeyring } from '../trust/keyring.ts'
import { createClientBucket } from './client-bucket.ts'
import { openClientPlace } from './client-place.ts'
import type { OpenPlace } from './open-place.ts'

/** Who may run on the caller's machine, and what they see there. */
export interface OpenClientOptions {
  readonly fleet: string
  /** The fleet's key policy: whose agents may run here. */
  readonly policy: KeyPolicy
  /** The data an agent may see here. @default none */
  readonly data?: ObjectStore
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/**
 * Makes the caller's machine a place. Dispose it: it holds a process.
 *
 * No agent hops there: it belongs to no mission's places, so it can neither open nor seal state.
 */
export async function openClient({ fleet, policy, data, now = Date.now }: OpenClientOptions): Promise<OpenPlace> {
  const assets = await ensureFunctionAsset()
  return openClientPlace({
    kind: 'process',
    name: CLIENT,
    domain: {
      fleet,
      assets,
      engine: engineDigest(assets),
      keyring: createKeyring(policy),
      bucket: createClientBucket(),
      data: data ?? createMemoryStore(),
      now,
    },
  })
}
