import { evaluate, type PlacementModel } from './model.ts'
import type { Placement } from './placement.ts'
import type { ParsedProblem } from './problem.ts'

/** A simple placement, for comparison with the plan. */
export interface NaivePlacement extends Placement {
  readonly name: string
}

export const CODE_TO_DATA = 'code to data'
export const DATA_TO_CODE = 'data to code'

/** A simple placement that is impossible, and the reason. */
export interface ExcludedIdea {
  readonly name: string
  readonly why: string
}

/** Compares evaluations by the objective of the problem; the better one is first. */
export const byObjective =
  (objective: ParsedProblem['objective']) =>
  (a: { readonly usd: number; readonly seconds: number }, b: { readonly usd: number; readonly seconds: number }) =>
    objective === 'money' ? a.usd - b.usd || a.seconds - b.seconds : a.seconds - b.seconds || a.usd - b.usd

/**
 * The three simple placements: every group in its own region, all groups on the client, and all groups in the one place
 * that is best by the objective. Results are merged where that is best for each of them.
 */
export function naivePlacements(
  problem: ParsedProblem,
  model: PlacementModel,
): { ideas: NaivePlacement[]; excluded: ExcludedIdea[] } {
  const ideas: NaivePlacement[] = []
  const excluded: ExcludedIdea[] = []
  const add = (name: string, chosen: readonly number[]) => {
    const forbidden = chosen.findIndex((place, group) => !Number.isFinite(model.groupUsd[group]?.[place] ?? Number.NaN))
    if (forbidden === -1) ideas.push({ name, ...withBestMerge(problem, model, chosen) })
    else excluded.push({ name, why: whyNot(problem, forbidden, chosen[forbidden]!) })
  }
  add(
    CODE_TO_DATA,
    problem.groups.map((group) => problem.places.indexOf(group.region)),
  )
  add(
    DATA_TO_CODE,
    problem.groups.map(() => problem.places.indexOf(problem.client)),
  )
  const gathered = gatherings(problem, model).sort(byObjective(problem.objective))[0]
  if (gathered === undefined) excluded.push({ name: 'gather in one region', why: 'no place may process every group' })
  else ideas.push({ name: `gather in ${problem.places[gathered.chosen[0]!]}`, ...gathered })
  return { ideas, excluded }
}

function gatherings(problem: ParsedProblem, model: PlacementModel): Placement[] {
  return [...problem.places.keys()]
    .map((place) => problem.groups.map(() => place))
    .filter((chosen) => chosen.every((place, group) => Number.isFinite(model.groupUsd[group]![place]!)))
    .map((chosen) => withBestMerge(problem, model, chosen))
}

function withBestMerge({ objective }: ParsedProblem, model: PlacementModel, chosen: readonly number[]): Placement {
  return model.merges
    .map((merge) => ({ chosen, merge, ...evaluate(model, chosen, merge) }))
    .sort(byObjective(objective))[0]!
}

function whyNot({ groups, places, client }: ParsedProblem, group: number, place: number): string {
  const { name, region } = groups[group]!
  const where = places[place] ?? (place === -1 ? region : client)
  return places[place] === undefined
    ? `no code can run where group ${group} (${name}) would have to go`
    : `group ${group} (${name}) may not be processed in ${where}`
}
