import { evaluate, type PlacementModel } from '../../../lib/gravity/planner/model.ts'
import type { Placement } from '../../../lib/gravity/planner/placement.ts'

/** Finds the best of all placements; for problems that are small enough to list. */
export function everyPlacement(model: PlacementModel): Placement[] {
  const choices = model.groupUsd.reduce<number[][]>(
    (prefixes, row) => prefixes.flatMap((prefix) => allowed(row).map((place) => [...prefix, place])),
    [[]],
  )
  return choices.flatMap((chosen) =>
    model.merges.map((merge) => ({ chosen, merge, ...evaluate(model, chosen, merge) })),
  )
}

const allowed = (row: readonly number[]) => [...row.keys()].filter((place) => Number.isFinite(row[place]!))
