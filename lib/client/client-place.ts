import { CLIENT } from '../client-name.ts'
import { digestOf } from '../encoding/digest.ts'
import { createHost } from '../host/host.ts'
import { MAX_INLINE_BUNDLE_BYTES } from '../host/invocation.ts'
import { bundleKey } from '../objects/agent-bucket.ts'
import { createSandbox } from '../sandbox/parent/sandbox.ts'
import type { ForkExecutor } from '../sandbox/wire/executor.ts'
import { clientKernels } from './client-kernels.ts'
import type { OpenPlace, PlaceKind } from './open-place.ts'
import type { ClientTrustDomain } from './trust-domain.ts'

/** What a client place takes of its trust domain. Without `secret` no agent comes or goes in the middle of its work. */
export type ClientPlaceDomain = Pick<
  ClientTrustDomain,
  'fleet' | 'assets' | 'engine' | 'keyring' | 'bucket' | 'data' | 'now'
> &
  Partial<Pick<ClientTrustDomain, 'secret' | 'codec'>>

export interface ClientPlaceOptions {
  readonly kind: PlaceKind
  readonly name: string
  /** Makes the executors its agents run in. @default child processes */
  readonly fork?: ForkExecutor
  readonly domain: ClientPlaceDomain
}

/**
 * A place on this machine: the same host as in a region, so the same checks, limits and refusals. What differs is the
 * wall around the agent, which is what `fork` makes.
 */
export function openClientPlace({ kind, name, fork, domain }: ClientPlaceOptions): OpenPlace {
  const { fleet, assets, engine, keyring, secret, codec, bucket, data, now } = domain
  const sandbox = createSandbox({ assets, ...(fork && { fork }) })
  const host = createHost({
    fleet,
    region: name,
    isClientPlace: name !== CLIENT,
    now,
    engine,
    agents: bucket,
    policy: { current: async () => keyring },
    sandbox,
    data,
    kernels: clientKernels,
    // Every bucket is far from here, and all of them are wanted.
    regionOf: async () => undefined,
    ...(secret && { secret }),
    ...(codec && { codec }),
    report: (error) => console.error(error),
  })
  return {
    kind,
    name,
    states: bucket,
    async deliver(file) {
      if (file.length <= MAX_INLINE_BUNDLE_BYTES)
        return { bundle: { inline: Buffer.from(file).toString('base64url') }, bytesMoved: 0 }
      const sha256 = digestOf(file)
      await bucket.put(bundleKey(sha256), file)
      return { bundle: { sha256 }, bytesMoved: 0 }
    },
    async land(invocation, { messages, onProgress, onSend, signal, evict } = {}) {
      const reply = await host.invoke(invocation, {
        ...(onProgress && { onProgress }),
        messages: messages?.messages,
        onSend,
        ...(signal && { signal }),
        ...(evict && { evict: evict.signal, moveTo: evict.to }),
      })
      return { reply, bytesMoved: 0 }
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  }
}
