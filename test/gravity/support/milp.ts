import { candidatesOf } from '../../../lib/gravity/planner/branch-and-bound.ts'
import { evaluate, type MergeOption, type PlacementModel } from '../../../lib/gravity/planner/model.ts'
import type { Placement } from '../../../lib/gravity/planner/placement.ts'

/**
 * The planner's oracle: writes the same problem for a solver of mixed-integer programs, one program for each merging
 * place, in the CPLEX LP format that HiGHS reads. Only tests and benchmarks use it.
 */

/**
 * Solves a program in LP format. Returns the values of its variables by name and a proven bound of its objective;
 * `undefined` if the program is infeasible.
 */
export type MilpSolver = (program: string) => MilpSolution | undefined

/** The values of a program’s variables by name, and the proven bound of its objective. */
export interface MilpSolution {
  readonly values: Readonly<Record<string, number>>
  /** A lower bound of the objective of every solution. */
  readonly bound: number
}

/** The objective is scaled to about this size, so that a solver's absolute tolerances do not matter. */
const OBJECTIVE_SCALE = 1e4

/**
 * Solves the program of each merging place; returns the best placement, and the lowest bound of all programs. Skips a
 * merging place if its groups at their cheapest cost more than the best placement so far.
 */
export function solveWithMilp(
  model: PlacementModel,
  deadlineSeconds: number,
  solver: MilpSolver,
): { best: Placement | undefined; lowerBound: number } {
  let best: Placement | undefined
  let lowerBound = Number.POSITIVE_INFINITY
  for (const { merge, boundUsd } of candidatesOf(model, deadlineSeconds)) {
    if (best !== undefined && boundUsd >= best.usd) break
    const scale = objectiveScale(model, merge)
    const solution = solver(writeProgram(model, merge, deadlineSeconds, scale))
    if (solution === undefined) continue
    lowerBound = Math.min(lowerBound, merge.usd + solution.bound / scale)
    const chosen = model.bytes.map((_, group) => chosenPlace(model, group, solution.values))
    const plan = { chosen, merge, ...evaluate(model, chosen, merge) }
    if (best === undefined || plan.usd < best.usd) best = plan
  }
  return { best, lowerBound }
}

function chosenPlace(model: PlacementModel, group: number, values: MilpSolution['values']): number {
  return model.places.findIndex((_, place) => (values[`x_${group}_${place}`] ?? 0) > 0.5)
}

function objectiveScale(model: PlacementModel, merge: MergeOption): number {
  const least = model.groupUsd.map((row, group) =>
    Math.min(...row.map((usd, place) => usd + resultUsd(model, merge, group, place))),
  )
  const sum = least.reduce((total, usd) => total + usd, 0)
  return sum > 0 && Number.isFinite(sum) ? OBJECTIVE_SCALE / sum : 1
}

const resultUsd = (model: PlacementModel, merge: MergeOption, group: number, place: number): number =>
  model.results[group]! * merge.resultUsdPerByte[place]!

/**
 * Writes the program of one merging place. `x_i_r`: group i runs in place r. `y_r`: place r is used. `u_s_r`: the link
 * from source s to place r is used. `work` and `results`: the seconds of the two phases. The cost of merging is
 * constant, so it is omitted.
 *
 * @param scale the factor of the objective
 */
export function writeProgram(model: PlacementModel, merge: MergeOption, deadlineSeconds: number, scale = 1): string {
  const pairs = allowedPairs(model)
  const rows = [...assignmentRows(model, pairs), ...usageRows(model, pairs)]
  const secondsLeft = deadlineSeconds - merge.seconds
  if (Number.isFinite(secondsLeft)) rows.push(...timeRows(model, merge, pairs, secondsLeft))
  const objective = [
    ...pairs.map(([i, r]) => term((model.groupUsd[i]![r]! + resultUsd(model, merge, i, r)) * scale, `x_${i}_${r}`)),
    ...model.places.map((_, r) => term(model.openUsd[r]! * scale, `y_${r}`)),
  ]
  return [
    'Minimize',
    ` cost: ${sumOf(objective)}`,
    'Subject To',
    ...rows.map((row, index) => ` c${index}: ${row}`),
    'Binary',
    ` ${[...pairs.map(([i, r]) => `x_${i}_${r}`), ...model.places.map((_, r) => `y_${r}`)].join('\n ')}`,
    'End',
  ].join('\n')
}

type Pair = readonly [group: number, place: number]

function allowedPairs(model: PlacementModel): Pair[] {
  return model.groupUsd.flatMap((row, i) => row.flatMap((usd, r) => (Number.isFinite(usd) ? [[i, r] as const] : [])))
}

function assignmentRows(model: PlacementModel, pairs: readonly Pair[]): string[] {
  return model.groupUsd.map(
    (_, group) => `${sumOf(pairs.filter(([i]) => i === group).map(([i, r]) => `+ 1 x_${i}_${r}`))} = 1`,
  )
}

function usageRows(model: PlacementModel, pairs: readonly Pair[]): string[] {
  return pairs.flatMap(([i, r]) => [`y_${r} - x_${i}_${r} >= 0`, `u_${model.sourceOf[i]}_${r} - x_${i}_${r} >= 0`])
}

/** Seconds are written as shares of the time for work and results, so that coefficients stay near one. */
function timeRows(model: PlacementModel, merge: MergeOption, pairs: readonly Pair[], secondsLeft: number): string[] {
  const share = (seconds: number, name: string) => term(-seconds / secondsLeft, name)
  const loads = (place: number, secondsPerByte: number, amounts: readonly number[], source?: number) =>
    pairs
      .filter(([i, r]) => r === place && (source === undefined || model.sourceOf[i] === source))
      .map(([i, r]) => share(secondsPerByte * amounts[i]!, `x_${i}_${r}`))
  const rowsOf = (r: number): string[] => {
    const sources = new Set(pairs.filter(([, place]) => place === r).map(([i]) => model.sourceOf[i]!))
    const ways = [...sources].map((source) => {
      const way = model.link[source]![r]!
      const start = [share(model.openSeconds[r]!, `y_${r}`), share(way.seconds, `u_${source}_${r}`)]
      return sumOf(['+ 1 work', ...start, ...loads(r, way.secondsPerByte, model.bytes, source)])
    })
    const whole = model.placeLines[r]!.map((line) => {
      const start = share(model.openSeconds[r]! + line.seconds, `y_${r}`)
      return sumOf(['+ 1 work', start, ...loads(r, line.secondsPerByte, model.bytes)])
    })
    const way = merge.resultLink[r]!
    const results = [share(way.seconds, `y_${r}`), ...loads(r, way.secondsPerByte, model.results)]
    return [...ways, ...whole, ...(r === merge.place ? [] : [sumOf(['+ 1 results', ...results])])]
  }
  const places = [...new Set(pairs.map(([, r]) => r))]
  return [...places.flatMap(rowsOf).map((row) => `${row} >= 0`), 'work + results <= 1']
}

const term = (factor: number, name: string): string => `${factor < 0 ? '-' : '+'} ${Math.abs(factor)} ${name}`

/** Breaks terms into several lines, because the LP format limits a line to 510 characters. */
function sumOf(terms: readonly string[]): string {
  const lines: string[] = []
  for (let index = 0; index < terms.length; index += 8) lines.push(terms.slice(index, index + 8).join(' '))
  return lines.join('\n  ')
}
