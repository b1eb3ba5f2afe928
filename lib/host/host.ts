import { LanderError, toWireError } from '../errors.ts'
import { scopeStore } from '../objects/scoped.ts'
import type { ObjectStore } from '../objects/store.ts'
import type { JobResult, Progress, Sandbox } from '../sandbox/job.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import { type Admission, admit } from './admit.ts'
import { type Invocation, parseInvocation, type Reply, type Settlement } from './protocol.ts'
import type { RegionOf } from './residence.ts'
import { localScopes } from './residence.ts'

/** Everything a place needs to take in agents. */
export interface HostOptions extends Admission {
  readonly sandbox: Sandbox
  /** The data of this place, before it is narrowed to one run. */
  readonly data: ObjectStore
  /** Where a bucket lies, so that a run sees only what is here. */
  readonly regionOf: RegionOf
  /** Told of faults that are nobody's but ours; the caller learns only that there was one. @default none */
  readonly report?: (error: unknown) => void
}

export interface InvokeOptions {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/** A place that takes in agents. */
export interface Host {
  /** One invocation, from the unknown event to the reply. Never throws: an error becomes a reply. */
  invoke(event: unknown, options?: InvokeOptions): Promise<Reply>
}

/** Makes a place: admit → run → settle. */
export function createHost(options: HostOptions): Host {
  return {
    async invoke(event, { onProgress, signal } = {}) {
      try {
        const invocation = parseInvocation(event)
        const bundle = await admit(invocation, options)
        const result = await run(bundle, invocation, options, {
          ...(onProgress && { onProgress }),
          ...(signal && { signal }),
        })
        return { settlement: settle(bundle, result, options.region) }
      } catch (error) {
        if (!(error instanceof LanderError)) options.report?.(error)
        return { error: toWireError(error) }
      }
    },
  }
}

async function run(
  bundle: VerifiedBundle,
  invocation: Invocation,
  { fleet, region, sandbox, data, regionOf, now }: HostOptions,
  options: InvokeOptions,
): Promise<JobResult> {
  const scopes = await localScopes(bundle.scopes, region, regionOf)
  const { mission, regions } = bundle.order
  return sandbox.run({
    bundle,
    entry: invocation.entry ?? 'run',
    input: invocation.input,
    context: { mission, fleet, region, regions },
    scopes,
    store: scopeStore(data, scopes),
    now: now(),
    ...options,
  })
}

function settle(bundle: VerifiedBundle, result: JobResult, region: string): Settlement {
  const { outcome, usage, logs, reads } = result
  return { mission: bundle.order.mission, region, statement: bundle.statementDigest, outcome, usage, logs, reads }
}
