/** Carries a plan out: agents go to the data that stays, data that moves is read from home, one answer comes of both. */

import { readManifest } from '../author/sign-order.ts'
import { type LazyClient, startLazyClient } from '../client/lazy-client.ts'
import { CLIENT } from '../client-name.ts'
import type { Json } from '../encoding/json.ts'
import { toWireError, UsageError } from '../errors.ts'
import type { FleetClients } from '../fleet/clients.ts'
import { regionsOf } from '../fleet/data-regions.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import type { PriceFile } from '../gravity/prices.ts'
import { formatUsd } from '../gravity/units.ts'
import type { LandingResult } from '../host/protocol.ts'
import { createRoutedStore } from '../objects/routed.ts'
import { createS3Store } from '../objects/s3.ts'
import type { RegionResult } from '../relay/region-result.ts'
import type { Scope } from '../scope.ts'
import { affordable, type Ceilings, type Meter, type PaidPart, startMeter, wallMsWithin } from './budget.ts'
import { type MissionOptions, runMission } from './mission.ts'
import { type MissionOutcome, outcomeOf, usageOf, valuesOf, worstOutcome } from './outcome-of.ts'
import { type Answer, runAtClient } from './run.ts'

/** A region's data, and where it is worked on. */
export interface PlacedPart extends PaidPart {
  readonly scopes: readonly Scope[]
  /** Other regions that the agent may go to from there. @default none */
  readonly onward?: readonly string[]
}

/** Every scope where its bucket lies, as a run without a plan goes. */
export async function partsWhereDataLies(
  scopes: readonly Scope[],
  fleet: Fleet,
  clients: FleetClients,
): Promise<PlacedPart[]> {
  const bucketRegions = await Promise.all(scopes.map(async (scope) => (await regionsOf([scope], fleet, clients))[0]!))
  return [...new Set(bucketRegions)].map((region) => {
    return { region, place: region, usd: 0, scopes: scopes.filter((_, i) => bucketRegions[i] === region) }
  })
}

/** What came of a region's data. */
export interface PlacedResult extends RegionResult {
  /** Where it was worked on: its region, or `internet` for this machine. */
  readonly place: string
}

export interface ExecutePlanOptions extends MissionOptions, Ceilings {
  readonly parts: readonly PlacedPart[]
  readonly prices?: PriceFile | undefined
}

export interface PlacedAnswer extends Answer {
  readonly regions: readonly PlacedResult[]
  /** From the first byte sent until the answers were merged. */
  readonly seconds: number
  /** The merged results of the regions that completed, where others did not. */
  readonly partial?: Json
  /** The data that was not, or not wholly, worked on. */
  readonly left: readonly Leftover[]
}

export interface Leftover {
  readonly region: string
  readonly scopes: readonly Scope[]
  readonly why: string
}

/**
 * Runs a signed bundle as placed. At a ceiling it stops, keeps what is done and says what is left: parts that would not
 * fit the money are not started, functions get no more wall time than the ceilings pay for, and what runs is watched.
 */
export async function executePlan(options: ExecutePlanOptions): Promise<PlacedAnswer> {
  const { maxUsd } = options
  const parts = options.start === 'once' ? asOne(options.parts) : options.parts
  const start = performance.now()
  const started = affordable(parts, maxUsd)
  // One region's result is the answer as it is: then nobody needs a home.
  const soon = started.length > 1 || started.some(({ place }) => place === CLIENT)
  await using client = startLazyClient(options, { soon, data: farStore(options) })
  using meter = startMeter(options, options.prices)
  const done = await runParts(started, client, meter, options)
  const regions = parts.map((part) => done.get(part) ?? notStarted(part, maxUsd!))
  const left = parts.flatMap((part, i) => leftOver(part, regions[i]!))
  const values = valuesOf(regions.filter((result) => outcomeOf(result) === 'completed')) ?? []
  const merged = values.length === 0 ? undefined : await mergeAtClient(values, client, options)
  const outcome = left.length === 0 ? (merged?.outcome ?? 'completed') : worstOutcome(regions)
  return {
    mission: regions.find(({ landingResult }) => landingResult !== undefined)?.landingResult?.mission ?? done.mission,
    outcome,
    ...(merged?.value !== undefined && (left.length === 0 ? { value: merged.value } : { partial: merged.value })),
    usage: usageOf(regions),
    regions,
    ...(merged?.merge !== undefined && { merge: merged.merge }),
    left,
    seconds: (performance.now() - start) / 1000,
  }
}

/** An agent that starts once has all data before it, and goes from region to region itself. */
function asOne(parts: readonly PlacedPart[]): PlacedPart[] {
  const [first, ...others] = parts
  if (first === undefined) return []
  return [
    {
      region: first.region,
      place: first.region,
      usd: parts.reduce((sum, { usd }) => sum + usd, 0),
      scopes: parts.flatMap(({ scopes }) => scopes),
      onward: others.map(({ region }) => region),
    },
  ]
}

/** Every bucket of the run, read where it lies. */
function farStore({ parts, clients }: ExecutePlanOptions) {
  const regionOf = new Map(parts.flatMap(({ region, scopes }) => scopes.map(({ bucket }) => [bucket, region] as const)))
  return createRoutedStore((bucket) => createS3Store({ client: clients.s3(regionOf.get(bucket)!) }))
}

interface Done extends Pick<Map<PlacedPart, PlacedResult>, 'get'> {
  readonly mission: string
}

async function runParts(
  parts: readonly PlacedPart[],
  client: LazyClient,
  meter: Meter,
  options: ExecutePlanOptions,
): Promise<Done> {
  const signal = options.signal === undefined ? meter.signal : AbortSignal.any([options.signal, meter.signal])
  const places = parts.map(({ place }) => place)
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

type Ended = readonly [PlacedPart, PlacedResult]

/** One mission for all data that stays. */
async function sendAgents(
  parts: readonly PlacedPart[],
  meter: Meter,
  options: ExecutePlanOptions,
): Promise<{ mission: string; results: Ended[] }> {
  if (parts.length === 0) return { mission: '', results: [] }
  const partOf = new Map(parts.map((part) => [part.region, part]))
  for (const part of parts) meter.read(part, 0)
  const { mission, regions } = await runMission({
    ...options,
    order: {
      ...options.order,
      regions: parts.flatMap(({ region, onward = [] }) => [region, ...onward]),
      scopes: parts.flatMap(({ scopes }) => scopes),
    },
    onProgress(region, progress) {
      const part = partOf.get(region)
      if (part !== undefined) meter.read(part, progress.bytesRead)
      options.onProgress?.(region, progress)
    },
  })
  return { mission, results: regions.map((result, i) => [parts[i]!, { ...result, place: result.region }]) }
}

/** The agent at home, on the data of one region. */
async function fetchData(
  part: PlacedPart,
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
    const route = [{ region: CLIENT, branch: region, sequence: 0, sealedBytes: 0, ...landed }]
    return [part, { ...result, ...landed, ...{ route } }]
  } catch (error) {
    return [part, { ...result, error: toWireError(error), bytesMoved: bytesRead, seconds: took() }]
  } finally {
    meter.end(part)
  }
}

/** A landing that was given up at a ceiling looks unreachable; the ceiling is why. */
function stopped(result: PlacedResult, { aborted, reason }: AbortSignal): PlacedResult {
  if (!aborted || outcomeOf(result) === 'completed') return result
  return { ...result, error: toWireError(limitReached(String(reason))) }
}

function notStarted(part: PlacedPart, maxUsd: number): PlacedResult {
  const why = `not started: at about ${formatUsd(part.usd)} it would not fit into ${formatUsd(maxUsd)} any more`
  return { ...unlanded(part), error: toWireError(limitReached(why)), bytesMoved: 0, seconds: 0 }
}

/** A part that no region has to answer for. */
const unlanded = ({ region, place }: PlacedPart) => ({ region, place, route: [] })

const limitReached = (why: string): UsageError =>
  new UsageError('LIMIT_REACHED', why, { remedy: 'raise --max-usd or --max-seconds, and run what is left' })

function leftOver({ region, scopes }: PlacedPart, result: PlacedResult): Leftover[] {
  const { landingResult, error } = result
  const outcome = landingResult?.outcome
  if (outcome?.kind === 'completed') return []
  const stop = outcome?.kind === 'stopped' ? outcome.message : 'the agent failed there'
  return [{ region, scopes, why: error?.message ?? stop }]
}

async function mergeAtClient(
  values: readonly Json[],
  client: LazyClient,
  options: ExecutePlanOptions,
): Promise<{ value?: Json; outcome: MissionOutcome; merge?: LandingResult }> {
  if (values.length === 1 && options.parts.length === 1) return { value: values[0]!, outcome: 'completed' }
  const mission = { ...options, input: values, order: { ...options.order, scopes: [] } }
  const merge = await runAtClient(await client.ready(), mission, 'merge')
  const { outcome } = merge
  return { merge, outcome: outcome.kind, ...(outcome.kind === 'completed' && { value: outcome.value }) }
}
