import { type BreakEven, breakEvens, type NamedPlacement } from './planner/break-even.ts'
import type { Alternative, FeasiblePlan, InfeasiblePlan, Plan } from './planner/plan-placement.ts'
import type { PlacementProblem } from './planner/problem.ts'
import { formatBytes, formatSeconds, formatUsd } from './units.ts'

/**
 * Explains a plan as text: where everything runs, what each alternative would cost, the reasons, the parts of the cost,
 * and what would change the decision.
 *
 * @param problem the problem of the plan
 * @example
 * ```ts
 * console.log(explainPlan(planPlacement(problem), problem))
 * ```
 */
export function explainPlan(plan: Plan, problem: PlacementProblem): string {
  const sections = plan.feasible ? explainFeasible(plan, problem) : explainInfeasible(plan)
  return [...sections, caveats(plan)].filter((section) => section !== '').join('\n\n')
}

function explainFeasible(plan: FeasiblePlan, problem: PlacementProblem): string[] {
  return [headline(plan), placements(plan, problem), comparison(plan), parts(plan), changes(plan, problem)]
}

function headline(plan: FeasiblePlan): string {
  const aim = plan.objective === 'money' ? 'cheapest' : 'fastest'
  const proof = plan.optimal ? `proven to be the ${aim}` : `at most ${percent(plan.gap)} from the ${aim} possible`
  return `${formatUsd(plan.usd)} in ${formatSeconds(plan.seconds)}, ${proof}: ${plan.reasons[0]}.`
}

const percent = (share: number) => `${Number((share * 100).toPrecision(2))}%`

function placements({ assignments, mergeRegion }: FeasiblePlan, problem: PlacementProblem): string {
  const rows = assignments.map(({ group, region }) => {
    const { region: from, bytes } = problem.groups[group]!
    return [from, formatBytes(bytes), from === region ? 'processed where it is' : `moved to ${region}`]
  })
  return ['Data', ...table(rows), `  results are merged in ${mergeRegion}`].join('\n')
}

function comparison({ alternatives, excluded }: FeasiblePlan): string {
  const rows = alternatives.map(({ name, usd, seconds, feasible }) => [
    name,
    formatUsd(usd),
    formatSeconds(seconds),
    feasible ? '' : 'breaks the deadline or the budget',
  ])
  return ['Alternatives', ...table(rows), ...excluded.map(({ name, why }) => `  ${name}: not possible, ${why}`)].join(
    '\n',
  )
}

function parts({ lines }: FeasiblePlan): string {
  const rows = lines.map(({ what, usd, seconds }) => [
    formatUsd(usd),
    seconds === undefined ? '' : formatSeconds(seconds),
    what,
  ])
  return ['Parts', ...table(rows)].join('\n')
}

/** Lines with columns aligned to the left. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
}

function changes(plan: FeasiblePlan, problem: PlacementProblem): string {
  const mine = { regions: plan.assignments.map(({ region }) => region), mergeRegion: plan.mergeRegion }
  const better = plan.objective === 'money' ? 'cheaper' : 'faster'
  const rows = rivalsOf(plan, mine).flatMap((rival) => {
    const points = breakEvens(problem, mine, rival)
    if (points.length === 0)
      return [`  ${rival.name} never gets ${better}: no change within a factor of 1,000 is enough`]
    return [`  ${rival.name} gets ${better}`, ...points.map((point) => `    ${sentence(point, problem)}`)]
  })
  return rows.length === 0 ? '' : ['What would change the decision', ...rows].join('\n')
}

/** The other placements. Alternatives with equal placements appear once. */
function rivalsOf({ alternatives }: FeasiblePlan, mine: NamedPlacement): Alternative[] {
  const seen = new Set([mine.regions.join()])
  return alternatives.filter(({ regions }) => !seen.has(regions.join()) && seen.add(regions.join()))
}

function sentence({ what, factor }: BreakEven, problem: PlacementProblem): string {
  const times = factor > 1 ? `${digits(factor)} times as` : `${digits(1 / factor)} times less`
  switch (what) {
    case 'result bytes':
      return `if results grow to ${formatBytes(factor * total(problem, 'resultBytes'))} (${digits(factor)} times)`
    case 'data bytes':
      return `if the data ${factor > 1 ? 'grows' : 'shrinks'} to ${formatBytes(factor * total(problem, 'bytes'))}`
    case 'agent bytes':
      return `if the agent ${factor > 1 ? 'grows' : 'shrinks'} to ${formatBytes(factor * problem.agentBytes)}`
    case 'transfer prices':
      return `if transfer between regions costs ${factor > 1 ? `${times} much` : times}`
    case 'link bandwidth':
      return `if links between regions are ${factor > 1 ? `${times} fast` : `${digits(1 / factor)} times slower`}`
  }
}

const digits = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US')

const total = (problem: PlacementProblem, field: 'bytes' | 'resultBytes') =>
  problem.groups.reduce((sum, group) => sum + group[field], 0)

function explainInfeasible({ reasons, alternatives }: InfeasiblePlan): string[] {
  const tried = alternatives.map(({ name, usd, seconds }) => [name, formatUsd(usd), formatSeconds(seconds)])
  const shown = tried.length === 0 ? '' : ['Without the limits', ...table(tried)].join('\n')
  return [['There is no plan.', ...reasons.map((reason) => `  ${reason}`)].join('\n'), shown]
}

const caveats = ({ pricesAsOf, warnings }: Plan): string =>
  [`List prices of ${pricesAsOf}.`, ...warnings.map((warning) => `  ${warning}`)].join('\n')
