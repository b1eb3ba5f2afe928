import { DEFAULT_LIMITS, type Limits } from '../../lib/limits.ts'
import { createMemoryStore } from '../../lib/objects/memory.ts'
import { scopeStore } from '../../lib/objects/scoped.ts'
import type { ObjectStore } from '../../lib/objects/store.ts'
import type { Job, KernelSupply } from '../../lib/sandbox/contract/job.ts'
import type { Scope } from '../../lib/scope.ts'
import type { VerifiedBundle } from '../../lib/trust/verified-bundle.ts'

/** The options of a run in a test. */
export interface RunOptions {
  /** The bundle's identity. */
  readonly bundle?: string
  readonly input?: unknown
  readonly entry?: Job['entry']
  readonly limits?: Partial<Limits>
  readonly compiles?: boolean
  /** Objects in the bucket `data`. @default none */
  readonly objects?: Readonly<Record<string, Uint8Array | string>>
  readonly store?: ObjectStore
  readonly scopes?: readonly Scope[]
  readonly region?: string
  /** @default `region` and one more */
  readonly regions?: readonly string[]
  readonly mission?: string
  readonly now?: number
  readonly kernels?: KernelSupply
  readonly onProgress?: Job['onProgress']
  readonly signal?: AbortSignal
  readonly evict?: AbortSignal
}

export const NOW = 1_750_000_000_000

/** An agent with this body, which may use `input` and `place` and returns the result. */
export function agentSource(
  body: string,
  imports = 'agent, at, checkpoint, fork, here, hop, join, log, places, progress, sleep, sum',
): string {
  return `import { ${imports} } from 'lander/agent'\nexport default agent(async (input, place) => { ${body} })`
}

/** A job for the sandbox. Only tests may cast a bundle to a verified one. */
export function jobOf(main: string, options: RunOptions = {}): Job {
  const {
    bundle = 'bundle',
    input = null,
    entry = 'run',
    compiles = false,
    region = 'here-1',
    mission = 'm1',
    now = NOW,
  } = options
  const scopes = options.scopes ?? [{ bucket: 'data', prefix: '', actions: ['read'] }]
  const store = options.store ?? createMemoryStore({ buckets: { data: options.objects ?? {} } })
  const limits = { ...DEFAULT_LIMITS, wallMs: 10_000, ...options.limits }
  const entries = options.kernels === undefined ? [] : [{ role: 'kernel-source' }]
  const manifest = { compiles, entries }
  return {
    bundle: { manifest, manifestDigest: bundle, main, limits, scopes } as unknown as VerifiedBundle,
    entry,
    input: JSON.stringify(input),
    context: { mission, fleet: 'test', region, regions: options.regions ?? [region, 'there-1'] },
    scopes,
    store: scopeStore(store, scopes),
    now,
    ...(options.kernels && { kernels: options.kernels }),
    ...(options.onProgress && { onProgress: options.onProgress }),
    ...(options.signal && { signal: options.signal }),
    ...(options.evict && { evict: options.evict }),
  }
}
