import { InternalError, LanderError, toWireError } from '../errors.ts'
import { headStore } from '../objects/head.ts'
import { scopeStore } from '../objects/scoped.ts'
import type { ObjectStore } from '../objects/store.ts'
import type { JobResult, Progress, Sandbox } from '../sandbox/job.ts'
import { signReceipt } from '../trust/receipt.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import { type Admission, admit } from './admit.ts'
import type { Broker } from './broker.ts'
import { type Probe, probePlace } from './probe.ts'
import { type Invocation, parseInvocation, type Reply, type Settlement } from './protocol.ts'
import { draftReceipt, type ReceiptKeys } from './receipts.ts'
import type { RegionOf } from './residence.ts'
import { localScopes } from './residence.ts'

/** Everything a place needs to take in agents. */
export interface HostOptions extends Admission {
  readonly sandbox: Sandbox
  /** The data of this place, before it is narrowed to one run. */
  readonly data: ObjectStore
  /** Where a bucket lies, so that a run sees only what is here. */
  readonly regionOf: RegionOf
  /** Gives each run credentials of its own. @default none: all runs share `data`, behind the same scopes */
  readonly broker?: Broker
  /** Signs a receipt for every run. @default none are made: home belongs to no fleet */
  readonly receipts?: ReceiptKeys
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
  /** What this place is, without an agent. */
  probe(): Promise<Probe>
}

/** Makes a place: admit → run → settle. */
export function createHost(options: HostOptions): Host {
  return {
    async invoke(event, { onProgress, signal } = {}) {
      try {
        const invocation = parseInvocation(event)
        // Before the agent starts: a run that could have no receipt must not be.
        const receiptKey = await options.receipts?.current()
        const bundle = await admit(invocation, options)
        const startedAt = options.now()
        const result = await run(bundle, invocation, options, {
          ...(onProgress && { onProgress }),
          ...(signal && { signal }),
        })
        const settlement = settle(bundle, result, options.region)
        if (receiptKey === undefined) return { settlement }
        const { fleet, region, now } = options
        const draft = draftReceipt({ bundle, invocation, result, fleet, region, startedAt, endedAt: now() })
        return { settlement: { ...settlement, receipt: signReceipt(draft, receiptKey) } }
      } catch (error) {
        if (!(error instanceof LanderError)) options.report?.(error)
        return { error: toWireError(error) }
      }
    },
    probe: () => probePlace(options),
  }
}

async function run(
  bundle: VerifiedBundle,
  invocation: Invocation,
  { fleet, region, sandbox, data, broker, regionOf, now }: HostOptions,
  options: InvokeOptions,
): Promise<JobResult> {
  const scopes = await localScopes(bundle.scopes, region, regionOf)
  const { mission, regions, headBytes } = bundle.order
  const opened = broker ? await broker({ mission, scopes, wallMs: bundle.limits.wallMs }) : data
  const shown = headBytes === undefined ? opened : headStore(opened, headBytes)
  return sandbox.run({
    bundle,
    entry: invocation.entry ?? 'run',
    input: invocation.input,
    context: { mission, fleet, region, regions },
    scopes,
    store: scopeStore(shown, scopes),
    now: now(),
    ...options,
  })
}

function settle(bundle: VerifiedBundle, result: JobResult, region: string): Settlement {
  const { outcome, usage, logs, reads } = result
  if (outcome.kind === 'departed') throw new InternalError('this place can not seal what departs')
  return { mission: bundle.order.mission, region, statement: bundle.statementDigest, outcome, usage, logs, reads }
}
