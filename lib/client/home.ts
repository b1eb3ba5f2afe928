/**
 * The caller's own machine as a place: where answers are merged, and where an agent runs when data is moved to the
 * code instead. It is the same host as in a region, so the same checks and the same wall stand around the agent.
 */

import { ensureFunctionAsset } from '../assets/function-asset.ts'
import { CLIENT } from '../client-name.ts'
import { createHost, type Host } from '../host/host.ts'
import { createMemoryAgentBucket } from '../objects/agent-bucket.ts'
import { createMemoryStore } from '../objects/memory.ts'
import type { ObjectStore } from '../objects/store.ts'
import { engineDigest } from '../sandbox/contract/assets.ts'
import { createSandbox } from '../sandbox/parent/sandbox.ts'
import type { KeyPolicy } from '../trust/key-policy.ts'
import { createKeyring } from '../trust/keyring.ts'
import { clientKernels } from './client-kernels.ts'

/** The caller’s own machine as a place; dispose it, for it holds a process. */
export interface LandingClient extends Host, AsyncDisposable {}

/** Who may run at home, and what is to be seen there. */
export interface LandingClientOptions {
  readonly fleet: string
  /** The fleet's key policy: whose agents may run here. */
  readonly policy: KeyPolicy
  /** The data an agent may see here. @default none */
  readonly data?: ObjectStore
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** Makes the caller's machine a place. Dispose it: it holds a process. */
export async function createLandingClient({
  fleet,
  policy,
  data,
  now = Date.now,
}: LandingClientOptions): Promise<LandingClient> {
  const assets = await ensureFunctionAsset()
  const sandbox = createSandbox({ assets })
  const keyring = createKeyring(policy)
  const host = createHost({
    fleet,
    region: CLIENT,
    now,
    engine: engineDigest(assets),
    agents: createMemoryAgentBucket(),
    policy: { current: async () => keyring },
    sandbox,
    data: data ?? createMemoryStore(),
    kernels: clientKernels,
    // At home every bucket is far, and all of them are wanted.
    regionOf: async () => undefined,
    report: (error) => console.error(error),
  })
  return { ...host, [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose]() }
}
