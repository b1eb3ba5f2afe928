import type { Christmas, Habits } from './simulation.ts'

/**
 * Probability that a tree has exactly 0, 1, 2 … `most` discs. A disc falls under a tree rarely and independently of the
 * others, so their number is Poisson distributed; with grand trees among the others it is a mixture of two.
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

/** Each term out of the one before it: mean / n more. */
function poisson(mean: number, most: number): number[] {
  const probabilities = [Math.exp(-mean)]
  for (let n = 1; n <= most; n++) probabilities.push((probabilities[n - 1]! * mean) / n)
  return probabilities
}
