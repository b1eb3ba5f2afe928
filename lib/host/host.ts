import { LanderError, toWireError } from '../errors.ts'
import { headStore } from '../objects/head.ts'
import { scopeStore } from '../objects/scoped.ts'
import type { Job, JobResult, Progress, SentMessage } from '../sandbox/contract/job.ts'
import type { SignedMessages } from '../trust/messages.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import { admit } from './admit.ts'
import type { Arrived } from './arrival.ts'
import { reachableClientPlaces } from './boundary-codec.ts'
import { localScopes } from './bucket-region.ts'
import type { HostOptions } from './host-options.ts'
import { type Invocation, parseInvocation } from './invocation.ts'
import { prepareKernels } from './kernel-supply.ts'
import type { LandingReply } from './landing-result.ts'
import { LandingSession } from './landing-session.ts'
import { type Probe, probePlace } from './probe.ts'

export interface InvokeOptions {
  readonly onProgress?: (progress: Progress) => void
  /** Messages from the process that runs this host. They need no signature; messages from elsewhere are signed. */
  readonly messages?: SignedMessages | undefined
  /** Called with each message of the agent at once. @default the messages are part of the landing result */
  readonly onSend?: ((message: SentMessage) => void) | undefined
  /** Ends the run. */
  readonly signal?: AbortSignal
  /** Evicts the agent: it leaves as soon as it waits for something, and continues in a new landing. */
  readonly evict?: AbortSignal
  /** Where an evicted agent continues; called when it leaves. @default here */
  readonly moveTo?: (() => string | undefined) | undefined
  /** When the function that runs this host must have ended, in milliseconds since 1970. @default in 15 minutes */
  readonly until?: number
}

/** A place that runs agents. */
export interface Host {
  /** Handles one invocation, from an unknown event to the reply. Never throws: an error becomes a reply. */
  invoke(event: unknown, options?: InvokeOptions): Promise<LandingReply>
  /** Reports the status of this place. Runs no agent. */
  probe(): Promise<Probe>
}

/** The longest landing: Lambda's maximum. A run with a higher limit takes several landings. */
const LONGEST_LANDING_MS = 900_000

/** Makes a place: admit → claim → run → finish. */
export function createHost(options: HostOptions): Host {
  return {
    async invoke(
      event,
      { messages, onProgress, onSend, signal, evict, moveTo, until = options.now() + LONGEST_LANDING_MS } = {},
    ) {
      try {
        const invocation = parseInvocation(event)
        // Before the agent starts: without a receipt key the run must not take place.
        const receiptKey = await options.receipts?.current()
        const bundle = await admit(invocation, options)
        // Kernels are compiled while the landing is claimed.
        const kernels = prepareKernels(bundle, options.kernels)
        // So are the regions of buckets looked up. A failure is thrown where the run awaits it.
        const scopes = localScopes(bundle.scopes, options.region, options.regionOf)
        scopes.catch(() => {})
        const session = new LandingSession({ invocation, bundle, receiptKey, place: options, until, messages, moveTo })
        const claimed = await session.claim()
        if ('reply' in claimed) return claimed.reply
        await kernels.agree()
        const result = await run(invocation, bundle, claimed.arrived, options, {
          scopes: await scopes,
          kernels,
          ...(options.secret && { onCheckpoint: session.checkpoint }),
          ...(claimed.messages && { messages: claimed.messages.messages }),
          ...(onProgress && { onProgress }),
          ...(onSend && { onSend }),
          ...(signal && { signal }),
          ...(claimed.messages?.moveTo !== undefined ? { evict: AbortSignal.abort() } : evict && { evict }),
        })
        return await session.finish(result)
      } catch (error) {
        if (!(error instanceof LanderError)) options.report?.(error)
        return { error: toWireError(error) }
      }
    },
    probe: () => probePlace(options),
  }
}

async function run(
  { entry = 'run', input }: Invocation,
  bundle: VerifiedBundle,
  arrived: Arrived | undefined,
  { fleet, region, isClientPlace = false, sandbox, data, broker, now }: HostOptions,
  {
    scopes,
    ...options
  }: Pick<Job, 'scopes' | 'kernels' | 'messages' | 'onProgress' | 'onSend' | 'onCheckpoint' | 'signal' | 'evict'>,
): Promise<JobResult> {
  const { mission, regions, headBytes } = bundle.order
  const reachable = reachableClientPlaces(bundle, isClientPlace)
  const wallMs = Math.min(bundle.limits.wallMs, LONGEST_LANDING_MS)
  const opened = broker ? await broker({ mission, scopes, wallMs }) : data
  const shown = headBytes === undefined ? opened : headStore(opened, headBytes)
  return sandbox.run({
    bundle,
    // The first landing of an order resumes too if an earlier attempt has left a checkpoint.
    entry: arrived === undefined ? entry : 'resume',
    input,
    context: { mission, fleet, region, regions, ...(reachable.length > 0 && { clientPlaces: reachable }) },
    scopes,
    store: scopeStore(shown, scopes),
    now: now(),
    ...(arrived && { arrival: { ...arrived, spent: arrived.branchProgress.spent } }),
    ...options,
  })
}
