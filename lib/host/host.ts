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
  /** Messages for the agent, from whoever runs this host: what comes from elsewhere is signed. */
  readonly messages?: SignedMessages | undefined
  /** Takes the agent's messages as they come. @default they are part of the landing result */
  readonly onSend?: ((message: SentMessage) => void) | undefined
  /** Ends the run. */
  readonly signal?: AbortSignal
  /** Asks the agent to leave as soon as it waits for something, to be landed here anew. */
  readonly evict?: AbortSignal
  /** Where an agent that was asked to leave goes on: asked when it does. @default here */
  readonly moveTo?: (() => string | undefined) | undefined
  /** When the function that hosts the run is over for certain, milliseconds since 1970. @default in 15 minutes */
  readonly until?: number
}

/** A place that takes in agents. */
export interface Host {
  /** One invocation, from the unknown event to the reply. Never throws: an error becomes a reply. */
  invoke(event: unknown, options?: InvokeOptions): Promise<LandingReply>
  /** What this place is, without an agent. */
  probe(): Promise<Probe>
}

/** The longest that one landing can take: Lambda's longest. A run that is allowed more makes several of it. */
const LONGEST_LANDING_MS = 900_000

/** Makes a place: admit → run → settle. */
export function createHost(options: HostOptions): Host {
  return {
    async invoke(
      event,
      { messages, onProgress, onSend, signal, evict, moveTo, until = options.now() + LONGEST_LANDING_MS } = {},
    ) {
      try {
        const invocation = parseInvocation(event)
        // Before the agent starts: a run that could have no receipt must not be.
        const receiptKey = await options.receipts?.current()
        const bundle = await admit(invocation, options)
        // What has to be compiled is being compiled while the landing is taken.
        const kernels = prepareKernels(bundle, options.kernels)
        // So is what lies here looked up; whether that worked is for the run to say.
        const scopes = localScopes(bundle.scopes, options.region, options.regionOf)
        scopes.catch(() => {})
        const visit = new LandingSession({ invocation, bundle, receiptKey, place: options, until, messages, moveTo })
        const taken = await visit.claim()
        if ('reply' in taken) return taken.reply
        await kernels.agree()
        const result = await run(invocation, bundle, taken.arrived, options, {
          scopes: await scopes,
          kernels,
          ...(options.secret && { onCheckpoint: visit.checkpoint }),
          ...(taken.messages && { messages: taken.messages.messages }),
          ...(onProgress && { onProgress }),
          ...(onSend && { onSend }),
          ...(signal && { signal }),
          ...(taken.messages?.moveTo !== undefined ? { evict: AbortSignal.abort() } : evict && { evict }),
        })
        return await visit.finish(result)
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
    // Also an order's first landing is taken up in the middle where an earlier attempt has left a checkpoint.
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
