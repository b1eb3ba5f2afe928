import { InternalError, LanderError, RefusedError, toWireError } from '../errors.ts'
import { headStore } from '../objects/head.ts'
import { scopeStore } from '../objects/scoped.ts'
import type { ObjectStore } from '../objects/store.ts'
import type { JobResult, Progress, Sandbox } from '../sandbox/job.ts'
import type { Outcome } from '../sandbox/outcome.ts'
import { receiptDigest, signReceipt } from '../trust/receipt.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'
import { type Admission, admit, reserve } from './admit.ts'
import { type Arrived, firstStage, openArrival, type Stage } from './arrival.ts'
import type { Broker } from './broker.ts'
import { sealAnswer, sealDeparture } from './departure.ts'
import { type Probe, probePlace } from './probe.ts'
import { type Invocation, parseInvocation, type Reply, type SealedDeparture, type Settlement } from './protocol.ts'
import { draftReceipt, type ReceiptKey, type ReceiptKeys } from './receipts.ts'
import { localScopes, type RegionOf } from './residence.ts'
import type { SecretSource } from './secret-source.ts'

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
  /** Opens and seals the state of agents that hop. @default none: no agent comes or goes in the middle of its work */
  readonly secret?: SecretSource
  /** Told of faults that are nobody's but ours; the caller learns only that there was one. @default none */
  readonly report?: (error: unknown) => void
}

export interface InvokeOptions {
  readonly onProgress?: (progress: Progress) => void
  /** Ends the run. */
  readonly signal?: AbortSignal
  /** Asks the agent to leave as soon as it waits for something, to be landed here anew. */
  readonly leave?: AbortSignal
}

/** A place that takes in agents. */
export interface Host {
  /** One invocation, from the unknown event to the reply. Never throws: an error becomes a reply. */
  invoke(event: unknown, options?: InvokeOptions): Promise<Reply>
  /** What this place is, without an agent. */
  probe(): Promise<Probe>
}

/** The longest that one landing can take: Lambda's longest. A run that is allowed more makes several of it. */
const LONGEST_LANDING_MS = 900_000

/** Makes a place: admit → run → settle. */
export function createHost(options: HostOptions): Host {
  return {
    async invoke(event, { onProgress, signal, leave } = {}) {
      try {
        const invocation = parseInvocation(event)
        // Before the agent starts: a run that could have no receipt must not be.
        const receiptKey = await options.receipts?.current()
        const bundle = await admit(invocation, options)
        const arrived = await takeIn(invocation, bundle, options)
        const startedAt = options.now()
        const result = await run(invocation, bundle, arrived, options, {
          ...(onProgress && { onProgress }),
          ...(signal && { signal }),
          ...(leave && { leave }),
        })
        const stage = arrived?.stage ?? firstStage(options.region)
        const ended = { entry: invocation.entry ?? 'run', bundle, stage, result, startedAt }
        return { settlement: await settle(ended, receiptKey, options) }
      } catch (error) {
        if (!(error instanceof LanderError)) options.report?.(error)
        return { error: toWireError(error) }
      }
    },
    probe: () => probePlace(options),
  }
}

/** Opens what arrives and takes the landing, so that neither an order nor a box is used twice. */
async function takeIn(
  invocation: Invocation,
  bundle: VerifiedBundle,
  place: HostOptions,
): Promise<Arrived | undefined> {
  const { region, agents, secret } = place
  const { entry = 'run' } = invocation
  const { mission } = bundle.order
  if (entry !== 'resume') {
    await reserve(mission, `${region}-${entry}`, agents)
    return undefined
  }
  if (secret === undefined) throw new RefusedError('WRONG_REGION', `${region} takes no agents that are on their way`)
  const arrived = await openArrival(invocation, { ...place, bundle, secret })
  const { sequence, branch } = arrived.stage
  await reserve(mission, `${sequence}-${region}/${branch}`, agents)
  return arrived
}

async function run(
  { entry = 'run', input }: Invocation,
  bundle: VerifiedBundle,
  arrived: Arrived | undefined,
  { fleet, region, sandbox, data, broker, regionOf, now }: HostOptions,
  options: InvokeOptions,
): Promise<JobResult> {
  const scopes = await localScopes(bundle.scopes, region, regionOf)
  const { mission, regions, headBytes } = bundle.order
  const wallMs = Math.min(bundle.limits.wallMs, LONGEST_LANDING_MS)
  const opened = broker ? await broker({ mission, scopes, wallMs }) : data
  const shown = headBytes === undefined ? opened : headStore(opened, headBytes)
  return sandbox.run({
    bundle,
    entry,
    input,
    context: { mission, fleet, region, regions },
    scopes,
    store: scopeStore(shown, scopes),
    now: now(),
    ...(arrived && { arrival: { ...arrived, spent: arrived.stage.spent } }),
    ...options,
  })
}

interface Ended {
  readonly entry: NonNullable<Invocation['entry']>
  readonly bundle: VerifiedBundle
  readonly stage: Stage
  readonly result: JobResult
  readonly startedAt: number
}

/** Signs what happened, and seals what is not to be seen on its way. */
async function settle(
  ended: Ended,
  receiptKey: ReceiptKey | undefined,
  place: HostOptions,
): Promise<Settlement<Outcome | SealedDeparture>> {
  const { bundle, result } = ended
  const { fleet, region, now } = place
  const draft = draftReceipt({ ...ended, fleet, region, endedAt: now() })
  const receipt = receiptKey && signReceipt(draft, receiptKey)
  const outcome = await conclude(ended, receipt ? receiptDigest(receipt) : null, place)
  const { usage, logs, reads } = result
  const { mission } = bundle.order
  const settlement = { mission, region, statement: bundle.statementDigest, outcome, usage, logs, reads }
  return receipt === undefined ? settlement : { ...settlement, receipt }
}

/** An agent on its way, and a copy's answer, leave in boxes; any other outcome is the caller's to read. */
async function conclude(
  { bundle, stage, result }: Ended,
  receipt: string | null,
  { fleet, region, engine, agents, secret }: HostOptions,
): Promise<Outcome | SealedDeparture> {
  const { outcome } = result
  if (outcome.kind !== 'departed' && stage.origin === undefined) return outcome
  if (secret === undefined) throw new InternalError(`${region} can not seal what leaves it`)
  const sender = { bundle, stage, receipt, result, secret: await secret.current(), fleet, region, engine, agents }
  if (outcome.kind !== 'departed') return sealAnswer(stage.origin!, sender)
  try {
    return await sealDeparture(outcome, sender)
  } finally {
    outcome.state.fill(0)
  }
}
