import type { Christmas, Habits } from './simulation.ts'

/**
 * Returns the probabilities that a tree has exactly 0, 1, 2 … `most` discs. A disc lands under a given tree rarely and
 * independently of the others, so the number is Poisson distributed. With grand trees it is a mixture of two Poisson
 * distributions.
 */
export function discProbabilities(christmas: Christmas, most: number, habits: Habits = {}): number[] {
  const { discs, trees } = christmas
  const { keep = 0, grand = 0, pull = 1 } = habits
  const given = (discs * (1 - keep)) / trees
  const perTree = given / (1 - grand + grand * pull)
  const others = poisson(perTree, most)
  if (grand === 0) return others
  return poisson(perTree * pull, most).map((probability, n) => grand * probability + (1 - grand) * others[n]!)
}

/** Computes each term from the previous one: multiplied by mean / n. */
function poisson(mean: number, most: number): number[] {
  const probabilities = [Math.exp(-mean)]
  for (let n = 1; n <= most; n++) probabilities.push((probabilities[n - 1]! * mean) / n)
  return probabilities
}
