/** Executes a plan: one mission for the data that stays, runs on the client for the data that moves. */

import { readManifest } from '../author/sign-order.ts'
import { type LazyClient, startLazyClient } from '../client/lazy-client.ts'
import { runAtClient } from '../client/run-at-client.ts'
import { CLIENT } from '../client-name.ts'
import { toWireError, UsageError } from '../errors.ts'
import type { FleetClients } from '../fleet/clients.ts'
import { regionsOf } from '../fleet/data-regions.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import type { PriceFile } from '../gravity/prices.ts'
import { formatUsd } from '../gravity/units.ts'
import { createRoutedStore } from '../objects/routed.ts'
import { createS3Store } from '../objects/s3.ts'
import type { RegionResult } from '../relay/region-result.ts'
import type { Scope } from '../scope.ts'
import { affordable, type Ceilings, type Meter, type PaidPart, startMeter, wallMsWithin } from './budget.ts'
import { type Answer, answerOf } from './merge.ts'
import { type MissionOptions, runMission } from './mission.ts'
import { outcomeOf } from './outcome-of.ts'
import { findNoObjects, noObjects } from './require-objects.ts'
import { hasReceiptKeys } from './verify-regions.ts'

/** A share of a plan's data, and where an agent works on it. */
export interface PlannedPart extends PaidPart {
  readonly scopes: readonly Scope[]
  /** Every region the part's agent may go to, the one it starts in first. @default its own region alone */
  readonly regions?: readonly string[]
}

/** Every scope where its bucket lies: the plan of a run that asks for none. */
export async function partsWhereDataLies(
  scopes: readonly Scope[],
  fleet: Fleet,
  clients: FleetClients,
): Promise<PlannedPart[]> {
  const bucketRegions = await Promise.all(scopes.map(async (scope) => (await regionsOf([scope], fleet, clients))[0]!))
  return [...new Set(bucketRegions)].map((region) => {
    return { region, place: region, usd: 0, scopes: scopes.filter((_, i) => bucketRegions[i] === region) }
  })
}

/** How a part of the plan ended. */
export interface PartResult extends RegionResult {
  /** Where the agent worked on the part: in its region, or on the client. */
  readonly place: string
}

export interface ExecutePlanOptions extends Omit<MissionOptions, 'start'>, Ceilings {
  readonly parts: readonly PlannedPart[]
  readonly prices?: PriceFile | undefined
  /** Whether data without a single object is meant, and no mistake in a prefix. @default false */
  readonly allowEmpty?: boolean | undefined
}

/** A plan's answer, and what the plan did not get to. */
export interface PlanAnswer extends Answer {
  readonly regions: readonly PartResult[]
  /** From the first byte sent until the results were merged. */
  readonly seconds: number
  /** The data that no agent worked on, or not to the end. */
  readonly left: readonly Leftover[]
}

/** Data of one region that a run did not get to, and the reason. */
export interface Leftover {
  readonly region: string
  readonly scopes: readonly Scope[]
  readonly why: string
}

/**
 * Executes a plan: agents go to the data that stays, data that moves is read from the client, and the results are
 * merged. At a ceiling it stops, keeps what is done and says what is left: a part that would not fit the money does not
 * start, functions get no more wall time than the ceilings pay for, and a meter watches what runs.
 *
 * @throws UsageError `NO_OBJECTS` when no part has a single object; one part of several has it as its error
 */
export async function executePlan(options: ExecutePlanOptions): Promise<PlanAnswer> {
  const { parts, maxUsd } = options
  const start = performance.now()
  const started = affordable(parts, maxUsd)
  // The result of a single region is the answer as it is, so nothing needs the client as a place.
  const soon = started.length > 1 || started.some(({ place }) => place === CLIENT)
  await using client = startLazyClient(options, { soon, data: storeOfAllParts(options) })
  using meter = startMeter(options, options.prices)
  const done = await runParts(started, client, meter, options)
  const ended = parts.map((part) => done.get(part) ?? notStarted(part, maxUsd!))
  const regions = await Promise.all(parts.map((part, i) => requireObjects(part, ended[i]!, options)))
  requireAnyObjects(parts, regions)
  const landed = regions.find(({ landingResult }) => landingResult !== undefined)
  const mission = landed?.landingResult?.mission ?? done.mission
  const answer = await answerOf({ mission, regions, verified: hasReceiptKeys(options.fleet) }, async () => ({
    ...options,
    client: await client.ready(),
  }))
  return {
    ...answer,
    regions,
    left: parts.flatMap((part, i) => leftOver(part, regions[i]!)),
    seconds: (performance.now() - start) / 1000,
  }
}

/** Every bucket of the run, read where it lies. */
function storeOfAllParts({ parts, clients }: ExecutePlanOptions) {
  const regionOf = new Map(parts.flatMap(({ region, scopes }) => scopes.map(({ bucket }) => [bucket, region] as const)))
  return createRoutedStore((bucket) => createS3Store({ client: clients.s3(regionOf.get(bucket)!) }))
}

interface Done extends Pick<Map<PlannedPart, PartResult>, 'get'> {
  readonly mission: string
}

async function runParts(
  parts: readonly PlannedPart[],
  client: LazyClient,
  meter: Meter,
  options: ExecutePlanOptions,
): Promise<Done> {
  const signal = options.signal === undefined ? meter.signal : AbortSignal.any([options.signal, meter.signal])
  // An agent that may go to several regions may work in all of them at a time, through copies.
  const places = parts.flatMap(({ place, regions = [place] }) => (place === CLIENT ? [CLIENT] : regions))
  const wallMs = Math.min(wallMsWithin(places, options, options.prices), manifestWallMs(options))
  const order = { ...options.order, limits: { ...options.order?.limits, wallMs: Math.max(1, wallMs) } }
  const shared = { ...options, order, signal }
  const stay = parts.filter(({ place }) => place !== CLIENT)
  const come = parts.filter(({ place }) => place === CLIENT)
  const [sent, fetched] = await Promise.all([
    sendAgents(stay, meter, shared),
    Promise.all(come.map((part) => fetchData(part, client, meter, shared))),
  ])
  const results = new Map([...sent.results, ...fetched].map(([part, result]) => [part, stopped(result, meter.signal)]))
  return { mission: sent.mission, get: (part) => results.get(part) }
}

function manifestWallMs({ file, order }: ExecutePlanOptions): number {
  return Math.min(readManifest(file).limits.wallMs, order?.limits?.wallMs ?? Number.POSITIVE_INFINITY)
}

type Ended = readonly [PlannedPart, PartResult]

/** One mission for all data that stays. */
async function sendAgents(
  parts: readonly PlannedPart[],
  meter: Meter,
  options: ExecutePlanOptions,
): Promise<{ mission: string; results: Ended[] }> {
  if (parts.length === 0) return { mission: '', results: [] }
  const partOf = new Map(parts.map((part) => [part.region, part]))
  for (const part of parts) meter.read(part, 0)
  const { mission, regions } = await runMission({
    ...options,
    starts: parts.map(({ region }) => region),
    order: {
      ...options.order,
      regions: parts.flatMap(({ region, regions = [region] }) => regions),
      scopes: [...new Set(parts.flatMap(({ scopes }) => scopes))],
    },
    onProgress(region, progress) {
      // An agent that hops reports from regions that are no part of their own.
      const part = partOf.get(region) ?? (parts.length === 1 ? parts[0] : undefined)
      if (part !== undefined) meter.read(part, progress.bytesRead)
      options.onProgress?.(region, progress)
    },
  })
  return { mission, results: regions.map((result, i) => [parts[i]!, { ...result, place: result.region }]) }
}

/** The agent on the client, on the data of one region. */
async function fetchData(
  part: PlannedPart,
  client: LazyClient,
  meter: Meter,
  options: ExecutePlanOptions,
): Promise<Ended> {
  const start = performance.now()
  const { region, scopes } = part
  const result = { ...unlanded(part), bytesMoved: 0 }
  const took = () => (performance.now() - start) / 1000
  let bytesRead = 0
  try {
    const landingResult = await runAtClient(await client.ready(), {
      ...options,
      order: { ...options.order, scopes },
      onProgress(_, progress) {
        bytesRead = progress.bytesRead
        meter.read(part, bytesRead)
        options.onProgress?.(region, progress)
      },
    })
    const landed = { landingResult, bytesMoved: landingResult.usage.bytesRead, seconds: took() }
    // One step, as a landing in a region is one.
    const route = [{ place: CLIENT, branch: region, sequence: 0, sealedBytes: 0, ...landed }]
    return [part, { ...result, ...landed, ...{ route } }]
  } catch (error) {
    return [part, { ...result, error: toWireError(error), bytesMoved: bytesRead, seconds: took() }]
  } finally {
    meter.end(part)
  }
}

/** A landing that was given up at a ceiling looks unreachable; the ceiling is why. */
function stopped(result: PartResult, { aborted, reason }: AbortSignal): PartResult {
  if (!aborted || outcomeOf(result) === 'completed') return result
  return { ...result, error: toWireError(limitReached(String(reason))) }
}

function notStarted(part: PlannedPart, maxUsd: number): PartResult {
  const why = `not started: at about ${formatUsd(part.usd)} it would not fit into ${formatUsd(maxUsd)} any more`
  return { ...unlanded(part), error: toWireError(limitReached(why)), bytesMoved: 0, seconds: 0 }
}

/** An agent that opened no object may have chosen so; where there is none to open, its result is no answer. */
async function requireObjects(part: PlannedPart, result: PartResult, options: ExecutePlanOptions): Promise<PartResult> {
  const { allowEmpty = false, clients } = options
  const opened = result.route?.some(({ landingResult }) => landingResult.usage.objects > 0) ?? false
  if (allowEmpty || opened || outcomeOf(result) !== 'completed') return result
  const error = await findNoObjects({ regions: part.regions ?? [part.region], scopes: part.scopes }, clients)
  if (error === undefined) return result
  const { landingResult: _, ...rest } = result
  return { ...rest, error: toWireError(error) }
}

function requireAnyObjects(parts: readonly PlannedPart[], regions: readonly PartResult[]): void {
  if (regions.length === 0 || regions.some(({ error }) => error?.code !== 'NO_OBJECTS')) return
  throw noObjects([...new Set(parts.flatMap(({ scopes }) => scopes))])
}

/** A part that no region has to answer for. */
const unlanded = ({ region, place }: PlannedPart) => ({ region, place, route: [] })

const limitReached = (why: string): UsageError =>
  new UsageError('LIMIT_REACHED', why, { remedy: 'raise --max-usd or --max-seconds, and run what is left' })

function leftOver({ region, scopes }: PlannedPart, result: PartResult): Leftover[] {
  const { landingResult, error } = result
  const outcome = landingResult?.outcome
  if (outcome?.kind === 'completed') return []
  const stop = outcome?.kind === 'stopped' ? outcome.message : 'the agent failed there'
  return [{ region, scopes, why: error?.message ?? stop }]
}
