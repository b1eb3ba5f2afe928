import { formatSeconds, formatUsd } from '../units.ts'
import { searchLeastMoney } from './branch-and-bound.ts'
import { searchLeastTime } from './least-time.ts'
import { mayReceiveResult, mayRunIn, mergePlaces, type PlacementModel } from './model.ts'
import type { ParsedProblem } from './problem.ts'

/** Explains why a problem has no plan: which constraint rules it out and, for residency, which group. */

/** Residency rules that no placement can keep, with any time and money; empty if there are none. */
export function residencyObstacles(problem: ParsedProblem): string[] {
  const stuck = problem.groups.flatMap((group, index) => {
    if (problem.places.some((place) => mayRunIn(group, place, problem))) return []
    const allowed = group.allowed?.length ? `only in ${group.allowed.join(', ')}` : 'nowhere'
    return [
      `residency of data: group ${index} (${group.name}) may be processed ${allowed}, and no code can run there ` +
        `(code can run in ${problem.places.join(', ')})`,
    ]
  })
  return [...stuck, ...resultObstacles(problem)]
}

function resultObstacles(problem: ParsedProblem): string[] {
  const { groups, destination } = problem
  const undeliverable = groups.flatMap((group, index) =>
    mayReceiveResult(group, destination)
      ? []
      : [
          `residency of results: the result of group ${index} (${group.name}) may only be sent to ` +
            `${listOr(group.resultAllowed ?? [])}, not to the destination ${destination}`,
        ],
  )
  if (undeliverable.length > 0 || mergePlaces(problem).length > 0) return undeliverable
  const restricted = groups
    .map((group, index) => ({ group, index }))
    .filter(({ group }) => group.resultAllowed !== undefined)
    .map(({ group, index }) => `group ${index} (${group.name}) only to ${listOr(group.resultAllowed!)}`)
  return [`residency of results: no place where code can run may receive every result: ${restricted.join('; ')}`]
}

const listOr = (places: readonly string[]): string => (places.length === 0 ? 'nowhere' : places.join(' or '))

/** The most search nodes for an explanation. */
const NODES_TO_EXPLAIN = 20_000

/** The deadline or the budget that can't be kept, with the value that could be. */
export function limitObstacles(problem: ParsedProblem, model: PlacementModel): string[] {
  const { deadlineSeconds = Number.POSITIVE_INFINITY, budgetUsd = Number.POSITIVE_INFINITY } = problem
  const start = startObstacle(problem, model, deadlineSeconds)
  if (start !== undefined) return [start]
  const free = {
    deadlineSeconds: Number.POSITIVE_INFINITY,
    budgetUsd: Number.POSITIVE_INFINITY,
    nodeLimit: NODES_TO_EXPLAIN,
  }
  const cheapest = searchLeastMoney(model, free).best
  if (cheapest !== undefined && cheapest.usd > budgetUsd)
    return [`budget: the cheapest plan costs ${formatUsd(cheapest.usd)}, the budget is ${formatUsd(budgetUsd)}`]
  const within = Number.isFinite(budgetUsd) ? ` within ${formatUsd(budgetUsd)}` : ''
  const fastest = searchLeastTime(model, { budgetUsd, nodeLimit: NODES_TO_EXPLAIN }).best
  const needs = fastest === undefined ? 'more' : formatSeconds(fastest.seconds)
  return [`deadline: the fastest plan found${within} takes ${needs}, the deadline is ${formatSeconds(deadlineSeconds)}`]
}

/** The explanation for a deadline that is shorter than any start; `undefined` if it is longer. */
function startObstacle(problem: ParsedProblem, model: PlacementModel, deadlineSeconds: number): string | undefined {
  const usable = model.places
    .map((_, place) => place)
    .filter((place) => model.groupUsd.some((row) => Number.isFinite(row[place]!)))
  const soonest = Math.min(...usable.map((place) => model.openSeconds[place]!))
  if (deadlineSeconds >= soonest) return undefined
  const cold = formatSeconds(problem.compute.coldStartSeconds)
  return `deadline: ${formatSeconds(deadlineSeconds)} is shorter than one start, which takes ${formatSeconds(soonest)} (cold start ${cold})`
}
