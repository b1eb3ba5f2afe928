import { CLIENT } from '../../client-name.ts'
import { transferUsd } from '../cost.ts'
import { internetTierPrices } from '../prices.ts'
import { amountFor, type InternetFlow, internetUsd } from '../tiers.ts'
import { secondsAt, type TimeLine } from '../transfer.ts'
import { BYTES_PER_BILLED_GB } from '../units.ts'
import { groupUsd, mergePart, openSeconds, openUsd, placeLines, sendSeconds } from './parts.ts'
import type { Group, ParsedProblem } from './problem.ts'
import { routeBetween } from './routes.ts'

/**
 * A problem as numbers, for the search. Groups, places and source regions are indices. The cost of a placement is
 *
 *     Σ groupUsd[i][r] + Σ used places openUsd[r] + Σ results·resultUsdPerByte[r] + merge.usd + internetUsd
 *
 * where `internetUsd` is the cost of traffic to the internet. It depends on monthly tiers and is not a sum over groups, so
 * the search uses floors (lower bounds) instead, which do not apply to `internetFreeBytes`.
 */
export interface PlacementModel {
  readonly places: readonly string[]
  /** The region of each group, as an index into the distinct regions. */
  readonly sourceOf: readonly number[]
  readonly sourceCount: number
  readonly bytes: readonly number[]
  readonly results: readonly number[]
  /** `[group][place]`: the cost; infinite where the group may not be processed. */
  readonly groupUsd: readonly (readonly number[])[]
  readonly openUsd: readonly number[]
  readonly openSeconds: readonly number[]
  /** `[source][place]`: a constant time plus a time for every byte. */
  readonly link: readonly (readonly TimeLine[])[]
  /** `[place]`: times over all bytes that the place gets. */
  readonly placeLines: readonly (readonly TimeLine[])[]
  /** The places where results may be merged. */
  readonly merges: readonly MergeOption[]
  /** `[group][place]`: a lower bound of the cost of sending the group's data to the internet, apart from the free GB. */
  readonly internetFloorUsd: readonly (readonly number[])[]
  /** How many bytes to the internet are still free this month. */
  readonly internetFreeBytes: number
  /** The exact cost of traffic to the internet; `undefined` if there can be none. */
  readonly internetUsd: ((chosen: readonly number[], merge: MergeOption) => number) | undefined
}

/** A place that can merge results: its own cost, and the cost of sending results to it. */
export interface MergeOption {
  readonly place: number
  /** The cost of merging and delivery, without traffic to the internet. */
  readonly usd: number
  readonly seconds: number
  /** `[place]` */
  readonly resultUsdPerByte: readonly number[]
  /** The traffic of the delivery to the internet, and a lower bound of its cost apart from the free GB. */
  readonly delivery: InternetLoad
  /** `[place]`: a lower bound of the cost of sending results to this place over the internet. */
  readonly resultFloorUsdPerByte: readonly number[]
  /** `[place]` */
  readonly resultLink: readonly TimeLine[]
}

/** Traffic to the internet. */
export interface InternetLoad {
  readonly bytes: number
  /** A lower bound of its cost where it is not free. */
  readonly floorUsd: number
}

/** The cost and the time of a placement. */
export interface Evaluation {
  readonly usd: number
  readonly seconds: number
}

const NO_TIME: TimeLine = { seconds: 0, secondsPerByte: 0 }

/**
 * Builds the model of a problem.
 *
 * @param mostUsd the most that a placement may cost; it excludes the cheapest tiers of huge volumes, which raises the
 * floors
 * @throws {UsageError} `PRICE_UNKNOWN` or `REGION_UNKNOWN` for a figure that a plan could need and that is unknown
 */
export function buildModel(problem: ParsedProblem, mostUsd = Number.POSITIVE_INFINITY): PlacementModel {
  const { groups, places } = problem
  const sources = [...new Set(groups.map((group) => group.region))]
  // Only figures that a plan could need are looked up, because others may be unknown.
  const needed = (place: string, from?: string) =>
    groups.some((group) => (from === undefined || group.region === from) && mayRunIn(group, place, problem))
  const floors = internetFloors(problem, mostUsd)
  return {
    places,
    sourceOf: groups.map((group) => sources.indexOf(group.region)),
    sourceCount: sources.length,
    bytes: groups.map((group) => group.bytes),
    results: groups.map((group) => group.resultBytes),
    groupUsd: groups.map((group) => places.map((place) => usdAt(group, place, problem))),
    openUsd: places.map((place) => (needed(place) ? sum(Object.values(openUsd(place, problem))) : 0)),
    openSeconds: places.map((place) => (needed(place) ? openSeconds(place, problem) : 0)),
    link: sources.map((source) =>
      places.map((place) => (needed(place, source) ? dataLine(source, place, problem) : NO_TIME)),
    ),
    placeLines: places.map((place) => placeLines(place, problem)),
    merges: mergePlaces(problem).map((place) => mergeOption(place, problem, floors)),
    internetFloorUsd: groups.map((group) =>
      places.map((place) => (place === CLIENT ? group.bytes * floors.usdPerByte(group.region) : 0)),
    ),
    internetFreeBytes: floors.freeBytes,
    internetUsd: places.includes(CLIENT) ? (chosen, merge) => exactInternetUsd(chosen, merge, problem) : undefined,
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** Whether a group may be processed in a place: residency allows it, and code can run there. */
export function mayRunIn(group: Group, place: string, { client }: ParsedProblem): boolean {
  if (place === CLIENT && client !== CLIENT) return false
  return group.allowed === undefined || group.allowed.includes(place)
}

/** Whether residency allows a group's result to be sent to a place. */
export const mayReceiveResult = (group: Group, place: string): boolean =>
  group.resultAllowed === undefined || group.resultAllowed.includes(place)

/** The places that may receive the results of all groups. */
export const mergePlaces = ({ places, groups }: ParsedProblem): string[] =>
  places.filter((place) => groups.every((group) => mayReceiveResult(group, place)))

function usdAt(group: Group, place: string, problem: ParsedProblem): number {
  if (!mayRunIn(group, place, problem)) return Number.POSITIVE_INFINITY
  return sum(Object.values(groupUsd(group, place, problem)))
}

function dataLine(source: string, place: string, problem: ParsedProblem): TimeLine {
  const { startSeconds, bytesPerSecond } = routeBetween(source, place, problem, problem.compute.workers)
  // All sources share the client's line, so its rate is in placeLines.
  return { seconds: startSeconds, secondsPerByte: place === CLIENT ? 0 : 1 / bytesPerSecond }
}

function mergeOption(place: string, problem: ParsedProblem, floors: Floors): MergeOption {
  const { places, destination, prices } = problem
  const resultBytes = sum(problem.groups.map((group) => group.resultBytes))
  const merge = mergePart(place, resultBytes, problem)
  const needed = (from: string) => problem.groups.some((group) => mayRunIn(group, from, problem))
  const toInternet = (from: string, to: string) => to === CLIENT && from !== CLIENT
  const usdPerByte = (from: string, to: string) =>
    from === CLIENT || to === CLIENT ? 0 : transferUsd(from, to, 1, prices)
  const floorPerByte = (from: string, to: string) => (toInternet(from, to) ? floors.usdPerByte(from) : 0)
  return {
    place: places.indexOf(place),
    usd: merge.usd + resultBytes * usdPerByte(place, destination),
    seconds: merge.seconds + sendSeconds(place, destination, resultBytes, problem),
    resultUsdPerByte: places.map((from) => (needed(from) ? usdPerByte(from, place) : 0)),
    delivery: {
      bytes: toInternet(place, destination) ? resultBytes : 0,
      floorUsd: resultBytes * floorPerByte(place, destination),
    },
    resultFloorUsdPerByte: places.map((from) => (needed(from) ? floorPerByte(from, place) : 0)),
    resultLink: places.map((from) => (from === place || !needed(from) ? NO_TIME : resultLine(from, place, problem))),
  }
}

function resultLine(from: string, to: string, problem: ParsedProblem): TimeLine {
  const { exchangeSeconds, bytesPerSecond } = routeBetween(from, to, problem)
  return { seconds: exchangeSeconds, secondsPerByte: 1 / bytesPerSecond }
}

/** The lowest possible prices of traffic to the internet beyond the free bytes. */
interface Floors {
  usdPerByte(from: string): number
  readonly freeBytes: number
}

function internetFloors(problem: ParsedProblem, mostUsd: number): Floors {
  const { places, prices, internetGBThisMonth, groups } = problem
  const mostGB = sum(groups.map((group) => group.bytes + group.resultBytes)) / BYTES_PER_BILLED_GB
  const freeGB = Math.max(0, prices.internet.freeGBPerMonth - internetGBThisMonth)
  if (!places.includes(CLIENT) || mostGB <= freeGB) return { usdPerByte: () => 0, freeBytes: 0 }
  const sources = new Set([...groups.map((group) => group.region), ...places.filter((place) => place !== CLIENT)])
  const floorOf = (from: string) => {
    const { tierUpperGB } = prices.internet
    const usdPerGB = internetTierPrices(from, prices)
    const endGB =
      internetGBThisMonth + Math.min(mostGB, freeGB + amountFor(mostUsd, internetGBThisMonth, tierUpperGB, usdPerGB))
    return Math.min(...usdPerGB.slice(0, tierUpperGB.findIndex((end) => end === null || end >= endGB) + 1))
  }
  const floors = new Map([...sources].map((from) => [from, floorOf(from)]))
  return {
    usdPerByte: (from) => floors.get(from)! / BYTES_PER_BILLED_GB,
    freeBytes: freeGB * BYTES_PER_BILLED_GB,
  }
}

function exactInternetUsd(chosen: readonly number[], merge: MergeOption, problem: ParsedProblem): number {
  return internetUsd(internetFlows(chosen, merge.place, problem), problem.prices, problem.internetGBThisMonth)
}

/** All traffic of a placement that leaves AWS: data that is processed outside, and results that go outside. */
export function internetFlows(chosen: readonly number[], merge: number, problem: ParsedProblem): InternetFlow[] {
  const { groups, places, destination } = problem
  const flows = groups.flatMap((group, index) => {
    const at = places[chosen[index]!]!
    const data = at === CLIENT ? [{ from: group.region, bytes: group.bytes }] : []
    const result = places[merge] === CLIENT && at !== CLIENT ? [{ from: at, bytes: group.resultBytes }] : []
    return [...data, ...result]
  })
  const delivered = destination === CLIENT && places[merge] !== CLIENT
  const delivery = delivered ? [{ from: places[merge]!, bytes: sum(groups.map((group) => group.resultBytes)) }] : []
  return [...flows, ...delivery]
}

/** The exact cost and time of a placement: group `i` runs in `chosen[i]`, and `merge` merges the results. */
export function evaluate(model: PlacementModel, chosen: readonly number[], merge: MergeOption): Evaluation {
  const used = new Set(chosen)
  let usd = merge.usd
  for (const place of used) usd += model.openUsd[place]!
  for (const [group, place] of chosen.entries()) {
    usd += model.groupUsd[group]![place]! + model.results[group]! * merge.resultUsdPerByte[place]!
  }
  usd += model.internetUsd?.(chosen, merge) ?? 0
  return { usd, seconds: workSeconds(model, chosen) + resultSeconds(model, chosen, merge) + merge.seconds }
}

/** The seconds of the slowest place: its start, then the slowest of its links, its network and its CPU. */
function workSeconds(model: PlacementModel, chosen: readonly number[]): number {
  let longest = 0
  for (const place of new Set(chosen)) {
    const loads = new Array<number>(model.sourceCount).fill(0)
    const sources = new Set<number>()
    for (const [group, at] of chosen.entries()) {
      if (at !== place) continue
      loads[model.sourceOf[group]!]! += model.bytes[group]!
      sources.add(model.sourceOf[group]!)
    }
    const ways = [...sources].map((source) => secondsAt([model.link[source]![place]!], loads[source]!))
    const all = secondsAt(model.placeLines[place]!, sum(loads))
    longest = Math.max(longest, model.openSeconds[place]! + Math.max(all, ...ways))
  }
  return longest
}

/** The seconds of the slowest transfer of results to the merging place. */
function resultSeconds(model: PlacementModel, chosen: readonly number[], merge: MergeOption): number {
  let longest = 0
  for (const place of new Set(chosen)) {
    if (place === merge.place) continue
    const bytes = sum(model.results.filter((_, group) => chosen[group] === place))
    longest = Math.max(longest, secondsAt([merge.resultLink[place]!], bytes))
  }
  return longest
}
