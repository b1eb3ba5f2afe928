import { toBase64url } from '../../lib/encoding/base64url.ts'
import { utf8 } from '../../lib/encoding/bytes.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { publicReceiptKeys } from '../../lib/fleet/receipt-keys.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { createRegionCodec } from '../../lib/host/boundary-codec.ts'
import { createHost, type Host, type InvokeOptions } from '../../lib/host/host.ts'
import type { Invocation } from '../../lib/host/invocation.ts'
import { type LandingReply, parseFrame, type SealedDeparture, type SealedState } from '../../lib/host/landing-result.ts'
import { createReceiptKeys } from '../../lib/host/receipts.ts'
import type { StateRef } from '../../lib/host/state-ref.ts'
import { DEFAULT_LIMITS, type Limits } from '../../lib/limits.ts'
import { type AgentBucket, createMemoryAgentBucket, type ListedBucket } from '../../lib/objects/agent-bucket.ts'
import { createMemoryStore, type MemoryStore } from '../../lib/objects/memory.ts'
import type { Place } from '../../lib/places/place.ts'
import { engineDigest } from '../../lib/sandbox/contract/assets.ts'
import type { Sandbox } from '../../lib/sandbox/contract/job.ts'
import { createFleetSecret, type FleetSecret } from '../../lib/trust/fleet-secret.ts'
import { createOrder, signOrder } from '../../lib/trust/order.ts'
import { signBundle } from '../../lib/trust/sign-bundle.ts'
import { alice, bob, bundleOf, fixedRandom, grantOf, keyringOf, NOW, root } from '../trust/fixture.ts'

export const PLACES = ['us-east-1', 'eu-central-1', 'ap-south-1'] as const
export const [US, EU, AP] = PLACES

export interface WorldOptions {
  readonly sandbox: Sandbox
  readonly assets: string
  readonly fleet?: string
  readonly secret?: FleetSecret
  readonly engine?: string
  /** Wraps the agent bucket of each host. @default the bucket itself */
  readonly agentsOf?: (region: string, bucket: AgentBucket) => AgentBucket
  /** Whether the keys may export state to client places. @default false */
  readonly exportState?: boolean
}

export interface Mission {
  /** The fields that all invocations of this mission share. */
  readonly base: Pick<Invocation, 'lander' | 'bundle' | 'order' | 'input'>
  /** The id of the mission. */
  readonly mission: string
}

/** Several regions in this process: real admission, sealing and sandbox, but data and buckets in memory. */
export interface World {
  readonly data: Readonly<Record<string, MemoryStore>>
  /** The agent buckets of the regions, unwrapped. */
  readonly buckets: Readonly<Record<string, ListedBucket>>
  readonly clock: { now: number }
  mission(body: string, options?: { limits?: Partial<Limits>; lifetimeMs?: number; fleet?: string }): Mission
  invoke(region: string, event: unknown, options?: InvokeOptions): Promise<LandingReply>
  /** The fleet, as a fleet file describes it. */
  readonly fleet: Fleet
  /** A region as a place that is reached without a network. */
  place(region: string): Place
  /** Everything that left the regions: the replies as JSON. */
  readonly wire: readonly string[]
}

export function createWorld({ sandbox, assets, fleet = 'default', ...options }: WorldOptions): World {
  const secret = options.secret ?? createFleetSecret(fixedRandom)
  const engine = options.engine ?? engineDigest(assets)
  const source = { current: async () => secret, withEpoch: async () => secret }
  const clock = { now: NOW + 1000 }
  const data: Record<string, MemoryStore> = {}
  const hosts: Record<string, Host> = {}
  const buckets: Record<string, ListedBucket> = {}
  const { agentsOf = (_, bucket) => bucket } = options
  const wire: string[] = []
  const scopes = [{ bucket: 'logs-eu', prefix: '', actions: ['read'] as ['read'] }]
  const { exportState = false } = options
  const wide = {
    ...(exportState && { exportState }),
    regions: ['*'],
    fleets: ['*'],
    scopes: [{ bucket: '*', prefix: '', actions: ['read'] as ['read'] }],
  }
  const keyring = keyringOf({ fleet, keys: [grantOf(alice, 'alice', wide), grantOf(bob, 'bob', wide)] })
  const policy = { current: async () => keyring }
  const receipts = createReceiptKeys({ secret: source, fleet })
  for (const region of PLACES) {
    data[region] = createMemoryStore({ buckets: { 'logs-eu': {} } })
    buckets[region] = createMemoryAgentBucket()
    hosts[region] = createHost({
      fleet,
      region,
      engine,
      now: () => clock.now,
      agents: agentsOf(region, buckets[region]),
      policy,
      sandbox,
      data: data[region],
      regionOf: async () => region,
      secret: source,
      receipts,
      codec: createRegionCodec({ receipts, policy }),
    })
  }
  const world: World = {
    data,
    buckets,
    fleet: {
      lander: FORMAT_VERSION,
      name: fleet,
      rootKey: toBase64url(root.publicKey),
      receiptKeys: publicReceiptKeys(secret, fleet),
      regions: PLACES.map((region) => ({ region, functionName: 'f', agentBucket: 'b' })),
    },
    place: (name) => ({
      kind: 'region',
      name,
      open: () => ({
        kind: 'region',
        name,
        states: buckets[name]!,
        deliver: async (file) => ({ bundle: { inline: Buffer.from(file).toString('base64url') }, bytesMoved: 0 }),
        async land(invocation, { messages, onProgress, signal } = {}) {
          const ends = { ...(onProgress && { onProgress }), ...(signal && { signal }) }
          return {
            reply: await world.invoke(name, { ...invocation, ...(messages && { messages: messages.sign() }) }, ends),
            bytesMoved: 0,
          }
        },
        [Symbol.asyncDispose]: async () => {},
      }),
    }),
    clock,
    wire,
    mission(body, { limits = {}, lifetimeMs = 3_600_000 } = {}) {
      const main = `import { agent, at, checkpoint, here, hop, log, places, sleep } from 'lander/agent'\nexport default agent(async () => { ${body} })`
      const audience = { fleet: '*', regions: ['*'] }
      const bundle = bundleOf(
        { engine, scopes, audience, limits: { ...DEFAULT_LIMITS, ...limits } },
        { 'main.js': utf8(main) },
      )
      const { manifest } = bundle
      const order = createOrder({ manifest, input: 'null', now: NOW, fleet, regions: PLACES, lifetimeMs })
      const inline = Buffer.from(signBundle(bundle, [alice])).toString('base64url')
      return {
        base: { lander: FORMAT_VERSION, bundle: { inline }, order: signOrder(order, bob), input: 'null' },
        mission: order.mission,
      }
    },
    async invoke(region, event, invoking) {
      const line = JSON.stringify(await hosts[region]!.invoke(event, invoking))
      wire.push(line)
      return parseFrame(JSON.parse(line)) as LandingReply
    },
  }
  return world
}

/** The code of a refusal. */
export function codeOf(reply: LandingReply): string | undefined {
  return 'error' in reply ? reply.error.code : undefined
}

export function departureOf(reply: LandingReply): SealedDeparture {
  if ('landingResult' in reply && reply.landingResult.outcome.kind === 'departed') return reply.landingResult.outcome
  throw new Error(`not departed: ${JSON.stringify(reply)}`)
}

/** The sealed state of the agent, not of a copy. */
export function agentOf(reply: LandingReply): SealedState {
  const departure = departureOf(reply)
  if ('agent' in departure) return departure.agent
  throw new Error('an answer departed')
}

export function bytesOf(stateRef: StateRef): Uint8Array {
  if ('inline' in stateRef) return Buffer.from(stateRef.inline, 'base64url')
  throw new Error('the state is in a bucket')
}

export const inlineRef = (bytes: Uint8Array): StateRef => ({ inline: Buffer.from(bytes).toString('base64url') })
