/**
 * The seed's output: ten runs of its program, as trees by the number of discs under them.
 *
 * "Simulating Mamma Mia under the xmas tree (with Python)", 17 December 2008,
 * https://amundblog.blogspot.com/2008/12/simulating-mamma-mia-under-xmas-tree.html
 */
import type { Christmas, Histogram } from './simulation.ts'

/** The seed's `randint(0, 2000000)` includes both ends, so it has one tree more than intended. */
export const SEED_CHRISTMAS: Christmas = { discs: 600_000, trees: 2_000_001 }

/** Trees with 1, 2, 3 … discs. */
export const SEED_ROWS: readonly Histogram[] = [
  [443564, 67181, 6618, 510, 36],
  [444497, 66811, 6543, 520, 32, 2],
  [444796, 66376, 6738, 510, 36, 3],
  [444499, 66750, 6652, 469, 30, 2, 1],
  [444347, 66717, 6697, 494, 28, 2],
  [444511, 66389, 6763, 551, 40, 3],
  [443914, 66755, 6785, 511, 33, 2],
  [444747, 66558, 6667, 484, 40],
  [444553, 66703, 6631, 497, 32],
  [443903, 66853, 6774, 487, 23, 1],
]

/** Adds the trees without a disc to a row of the seed, which does not print them. */
export function withBareTrees(row: Histogram): Histogram {
  const taken = row.reduce((sum, trees) => sum + trees, 0)
  return [SEED_CHRISTMAS.trees - taken, ...row]
}
