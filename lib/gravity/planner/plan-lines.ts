import { CLIENT } from '../../client-name.ts'
import { type CostLine, transferUsd } from '../cost.ts'
import { internetUsd } from '../tiers.ts'
import { secondsAt } from '../transfer.ts'
import { formatBytes } from '../units.ts'
import { internetFlows, type PlacementModel } from './model.ts'
import { groupUsd, mergePart, openSeconds, openUsd, sendSeconds } from './parts.ts'
import type { Placement } from './placement.ts'
import type { ParsedProblem } from './problem.ts'

/**
 * The parts of a placement, as lines that a reader can check. Their costs add up to the cost of the placement. Their times
 * do not add up, because parts run in parallel.
 */
export function planLines(problem: ParsedProblem, model: PlacementModel, plan: Placement): CostLine[] {
  const lines = [
    startLine(problem, model, plan),
    ...placeLinesOf(problem, model, plan),
    ...resultLines(problem, model, plan),
    ...mergeLines(problem, model, plan),
    ...internetLine(problem, plan),
  ]
  return lines.filter((line) => line.usd > 0 || (line.seconds ?? 0) > 0)
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

const usedPlaces = (plan: Placement): number[] => [...new Set(plan.chosen)]

function startLine(problem: ParsedProblem, model: PlacementModel, plan: Placement): CostLine {
  const used = usedPlaces(plan).map((place) => model.places[place]!)
  const opened = used.map((place) => openUsd(place, problem))
  return {
    what: `agent to ${used.join(', ')}, requests and cold starts`,
    usd: sum(opened.flatMap(({ agent, start }) => [agent, start])),
    seconds: Math.max(...used.map((place) => openSeconds(place, problem))),
  }
}

/** The lines of each used place: transfers to it, requests and compute. */
function placeLinesOf(problem: ParsedProblem, model: PlacementModel, plan: Placement): CostLine[] {
  return usedPlaces(plan).flatMap((at) => {
    const place = model.places[at]!
    const mine = problem.groups.filter((_, group) => plan.chosen[group] === at)
    const costs = mine.map((group) => ({ group, ...groupUsd(group, place, problem) }))
    const moved = [...new Set(mine.map(({ region }) => region))].filter((region) => region !== place)
    const transfers = moved.map((from) => {
      const flow = costs.filter(({ group }) => group.region === from)
      const bytes = sum(flow.map(({ group }) => group.bytes))
      const seconds = secondsAt([model.link[model.sourceOf[problem.groups.indexOf(flow[0]!.group)]!]![at]!], bytes)
      return {
        what: `transfer of ${formatBytes(bytes)} from ${from} to ${place}`,
        usd: sum(flow.map(({ transfer }) => transfer)),
        seconds,
      }
    })
    const bytes = sum(mine.map((group) => group.bytes))
    return [
      ...transfers,
      { what: `requests for ${formatBytes(bytes)}`, usd: sum(costs.map(({ requests }) => requests)) },
      {
        what: `work on ${formatBytes(bytes)} in ${place}`,
        usd: sum(costs.map(({ compute }) => compute)),
        seconds: secondsAt(model.placeLines[at]!, bytes),
      },
    ]
  })
}

function resultLines(problem: ParsedProblem, model: PlacementModel, plan: Placement): CostLine[] {
  const to = model.places[plan.merge.place]!
  return usedPlaces(plan)
    .filter((place) => place !== plan.merge.place)
    .map((place) => {
      const from = model.places[place]!
      const bytes = sum(model.results.filter((_, group) => plan.chosen[group] === place))
      const charged = from !== CLIENT && to !== CLIENT
      return {
        what: `results of ${formatBytes(bytes)} from ${from} to ${to}`,
        usd: charged ? transferUsd(from, to, bytes, problem.prices) : 0,
        seconds: secondsAt([plan.merge.resultLink[place]!], bytes),
      }
    })
}

function mergeLines(problem: ParsedProblem, model: PlacementModel, plan: Placement): CostLine[] {
  const { destination, prices } = problem
  const at = model.places[plan.merge.place]!
  const bytes = sum(model.results)
  const merged = { what: `merge in ${at}`, ...mergePart(at, bytes, problem) }
  if (at === destination) return [merged]
  const charged = at !== CLIENT && destination !== CLIENT
  const delivered = {
    what: `delivery of ${formatBytes(bytes)} to ${destination}`,
    usd: charged ? transferUsd(at, destination, bytes, prices) : 0,
    seconds: sendSeconds(at, destination, bytes, problem),
  }
  return [merged, delivered]
}

function internetLine(problem: ParsedProblem, plan: Placement): CostLine[] {
  const flows = internetFlows(plan.chosen, plan.merge.place, problem)
  const bytes = sum(flows.map((flow) => flow.bytes))
  if (bytes === 0) return []
  const usd = internetUsd(flows, problem.prices, problem.internetGBThisMonth)
  return [{ what: `transfer of ${formatBytes(bytes)} to the internet, through the month's tiers`, usd }]
}
