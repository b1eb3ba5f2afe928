/**
 * The one pipeline: survey and quote where a plan is wanted, execute, merge. Whatever `lander run` can do, one call of
 * {@link run} can do; the command is a shell over it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { readManifest } from '../author/sign-order.ts'
import { UsageError } from '../errors.ts'
import { addToHistory, readHistory } from '../estimate/accuracy-history.ts'
import { historyEntry } from '../estimate/history-entry.ts'
import type { Inventory } from '../estimate/inventory.ts'
import type { ClientLink, Quote } from '../estimate/quote.ts'
import type { PriceFile } from '../gravity/prices.ts'
import type { Ceilings } from '../mission/budget.ts'
import { type Dispatched, dispatchMission } from '../mission/detached/dispatch.ts'
import { executePlan, type PlanAnswer, type PlannedPart, partsWhereDataLies } from '../mission/execute-plan.ts'
import type { MissionOptions } from '../mission/mission.ts'
import { findNoObjects, noObjects } from '../mission/require-objects.ts'
import { MAX_ORDER_LIFETIME_MS } from '../trust/order.ts'
import { asOneAgent, type ChosenParts, chooseParts, type PlaceChoice } from './choose-parts.ts'

/** What to run, where, and how far it may go. */
export interface RunOptions extends Omit<MissionOptions, 'starts'>, Ceilings {
  /**
   * Where agents work: `auto` as the plan says, which moves data only where that is faster at its worst than staying
   * is at best; `data` where the data lies; `client` on this machine, with the data fetched. @default 'auto'
   */
  readonly place?: PlaceChoice | undefined
  /**
   * `everywhere` starts an agent in every region of the data, side by side; `once` starts a single one in the first of
   * them, which goes elsewhere itself with `hop` and `at`. @default 'everywhere'
   */
  readonly start?: 'everywhere' | 'once' | undefined
  /** The client's region and link, on which the plan rests. @default what the fleet file says */
  readonly client?: ClientLink | undefined
  /** S3 Inventory lists, used instead of listing their buckets. @default none */
  readonly inventories?: readonly Inventory[] | undefined
  /** Prices to plan with. @default the published ones */
  readonly prices?: PriceFile | undefined
  /** File that keeps predictions beside what runs took; later plans are corrected by it. @default none is kept */
  readonly history?: string | undefined
  /**
   * Whether data without a single object is meant. Otherwise such a region has the error `NO_OBJECTS`, since its answer
   * would tell nothing of a mistake in a prefix. @default false
   */
  readonly allowEmpty?: boolean | undefined
  /** Called once before the first byte is sent: which part of the data goes where. */
  readonly onPlan?: ((parts: readonly PlannedPart[]) => void) | undefined
  /** Called with one sentence for what went wrong beside the run, such as a history file that can't be written. */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** Options of a mission that goes on by itself. */
export interface DetachedRunOptions extends Omit<RunOptions, 'onProgress' | 'signal' | 'onPlan'> {
  readonly detach: true
}

/** How long a run waits, once it has its answer, for a prediction that is not there yet. */
const PREDICTION_GRACE_MS = 1000

/**
 * Runs a signed bundle where its data lies, or where the plan says, and merges the results.
 *
 * With `detach` it returns as soon as the mission is on its way: `missionStatus`, `collectAnswer` and `cancelMission`
 * find it by its id, from any machine.
 *
 * @throws UsageError `USAGE` for options that exclude each other; the message says which, and why. `NO_OBJECTS` where
 *   no region has a single object, unless `allowEmpty`
 *
 * @example
 * const { outcome, value } = await run({ fleet, clients, file, sender: key, input: { word: 'ERROR' }, maxUsd: 0.5 })
 */
export async function run(options: DetachedRunOptions): Promise<Dispatched>
export async function run(options: RunOptions & { readonly detach?: false }): Promise<PlanAnswer>
export async function run(options: RunOptions & { readonly detach?: boolean }): Promise<PlanAnswer | Dispatched> {
  const { start = 'everywhere', place = 'auto' } = options
  requireCompatible({ ...options, start, place })
  if (options.detach) {
    if (!options.allowEmpty) await requireObjects(options)
    return dispatchMission({ ...options, starts: start === 'once' ? 'first' : 'all' })
  }
  const at = new Date((options.now ?? Date.now)())
  const chosen = await choose(options)
  const parts = start === 'once' ? asOneAgent(chosen.parts) : chosen.parts
  options.onPlan?.(parts)
  const answer = await executePlan({ ...options, parts })
  await remember(answer, await withinGrace(chosen.quote), at, options)
  return answer
}

function requireCompatible(options: RunOptions & { readonly detach?: boolean }): void {
  const { start, place, detach, maxUsd, maxSeconds, order } = options
  if (start === 'once' && place === 'client')
    throw new UsageError('USAGE', 'place "client" (--place client) does not go with start "once" (--start once)', {
      remedy: 'an agent that starts once goes to its data by itself; leave one of the two out',
    })
  if (place === 'client' && order?.regions !== undefined)
    throw new UsageError('USAGE', 'place "client" (--place client) does not go with regions that the order names', {
      remedy: 'leave one of the two out',
    })
  if (!detach) return
  if (order?.lifetimeMs !== undefined && order.lifetimeMs > MAX_ORDER_LIFETIME_MS)
    throw new UsageError('USAGE', 'a mission may take a day at most', { remedy: 'name 24h or less with --for' })
  const attended =
    (place === 'client' && 'place "client" (--place client)') ||
    (maxUsd !== undefined && 'maxUsd (--max-usd)') ||
    (maxSeconds !== undefined && 'maxSeconds (--max-seconds)')
  if (attended)
    throw new UsageError('USAGE', `${attended} does not go with a detached mission: its relay does not enforce it`, {
      remedy: 'leave it out, or bound the agent itself with --limit wallMs=…',
    })
}

/** Of a mission that goes on by itself: nobody is there to tell later, so it asks first, all regions side by side. */
async function requireObjects({ fleet, clients, file, order }: RunOptions): Promise<void> {
  const scopes = order?.scopes ?? readManifest(file).scopes
  const parts = await partsWhereDataLies(scopes, fleet, clients)
  const errors = await Promise.all(
    parts.map(({ region, scopes }) => findNoObjects({ regions: [region], scopes }, clients)),
  )
  const empty = parts.filter((_, i) => errors[i] !== undefined)
  if (empty.length > 0) throw noObjects(empty.flatMap(({ scopes }) => scopes))
}

async function choose(options: RunOptions): Promise<ChosenParts> {
  const { fleet, clients, file, input = null, order, place = 'auto', start, client, history } = options
  const { inventories, prices, maxUsd } = options
  const manifest = readManifest(file)
  const scopes = order?.scopes ?? manifest.scopes
  return chooseParts({
    inventories,
    prices,
    maxUsd,
    fleet,
    clients,
    manifest,
    scopes,
    regions: order?.regions,
    place: start === 'once' ? 'data' : place,
    client: client ?? fleet.client,
    agentBytes: file.length + JSON.stringify(input).length,
    history: history === undefined ? [] : await readHistory(history),
    predict: history !== undefined && start !== 'once',
  })
}

/** The prediction of a large listing may never come in time: then this run is not compared with one. */
async function withinGrace(quote: Promise<Quote | undefined>): Promise<Quote | undefined> {
  const grace = new AbortController()
  try {
    return await Promise.race([quote, sleep(PREDICTION_GRACE_MS, undefined, { signal: grace.signal })])
  } finally {
    grace.abort()
  }
}

/** Keeps what was predicted beside what it was. A history that can't be written is no reason to lose an answer. */
async function remember(
  answer: PlanAnswer,
  quote: Quote | undefined,
  at: Date,
  { history, start, prices, onWarning }: RunOptions,
): Promise<void> {
  if (history === undefined || quote === undefined || start === 'once') return
  const entry = historyEntry(quote, { ...answer, at, prices })
  if (entry === undefined) return
  await addToHistory(history, entry).catch((error: Error) =>
    onWarning?.(`the history of predictions can't be written: ${error.message}`),
  )
}
