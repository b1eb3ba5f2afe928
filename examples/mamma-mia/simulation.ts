import type { RandomStream } from '../support/random-stream.ts'

/** The parameters of a simulation. */
export interface Christmas {
  /** The number of discs sold. */
  readonly discs: number
  /** The number of trees that a disc can lie under. */
  readonly trees: number
}

/** The numbers of trees with 0, 1, 2 … discs under them, up to the fullest tree. */
export type Histogram = readonly number[]

/** Deviations from the case in which all trees are equally likely. */
export interface Habits {
  /** The share of buyers who keep their disc, so that it lies under no tree. @default 0 */
  readonly keep?: number
  /** The share of grand trees, where whole families meet. @default 0 */
  readonly grand?: number
  /** How many times likelier a grand tree gets a disc than another tree. @default 1 */
  readonly pull?: number
}

/**
 * Draws a tree for every disc, and counts the trees by their number of discs.
 *
 * @throws RangeError if there is no tree, or if a share is outside 0 to 1
 */
export function simulate(christmas: Christmas, stream: RandomStream, habits: Habits = {}): number[] {
  requireSensible(christmas, habits)
  return habits.keep || habits.grand ? drawByHabits(christmas, stream, habits) : drawEvenly(christmas, stream)
}

/** The seed's program: every tree is equally likely for every disc. */
function drawEvenly({ discs, trees }: Christmas, stream: RandomStream): number[] {
  const under = new Uint32Array(trees)
  const reached = [trees]
  // 2^32 values over 2,000,000 trees: 2,147 or 2,148 values lead to each tree. No test here can detect that difference.
  const treesPerWord = trees / 2 ** 32
  for (let left = discs; left > 0; ) {
    const words = stream.batch()
    const count = Math.min(left, words.length)
    for (let i = 0; i < count; i++) reachNext(reached, ++under[(words[i]! * treesPerWord) | 0]!)
    left -= count
  }
  return histogramOf(reached)
}

/**
 * Grand trees come first on the line, each as wide as its pull. The end of the line, after the last tree, stands for
 * the discs that buyers keep.
 */
function drawByHabits({ discs, trees }: Christmas, stream: RandomStream, habits: Habits): number[] {
  const { keep = 0, grand = 0, pull = 1 } = habits
  const grandTrees = Math.round(grand * trees)
  const grandWidth = grandTrees * pull
  const width = grandWidth + trees - grandTrees
  const widthPerWord = width / (1 - keep) / 2 ** 32
  const under = new Uint32Array(trees)
  const reached = [trees]
  for (let disc = 0; disc < discs; disc++) {
    const place = stream.word() * widthPerWord
    if (place >= width) continue
    const tree = place < grandWidth ? place / pull : grandTrees + place - grandWidth
    reachNext(reached, ++under[tree | 0]!)
  }
  return histogramOf(reached)
}

/** Counts a tree that got its nth disc. Counting while drawing saves a second pass over the trees. */
function reachNext(reached: number[], nth: number): void {
  if (nth === reached.length) reached.push(0)
  reached[nth]!++
}

/** Of the trees that got an nth disc, those that got no further disc have exactly n. */
export function histogramOf(reached: readonly number[]): number[] {
  return reached.map((trees, n) => trees - (reached[n + 1] ?? 0))
}

export function requireSensible({ discs, trees }: Christmas, { keep = 0, grand = 0, pull = 1 }: Habits = {}): void {
  if (!Number.isInteger(trees) || trees < 1 || trees > 2 ** 31)
    throw new RangeError(`${trees} is no number of trees: use 1 to 2^31`)
  if (!Number.isInteger(discs) || discs < 0) throw new RangeError(`${discs} is no number of discs: use 0 or more`)
  if (!(keep >= 0 && keep < 1)) throw new RangeError(`${keep} is no share of buyers who keep theirs: use 0 up to 1`)
  if (!(grand >= 0 && grand <= 1)) throw new RangeError(`${grand} is no share of grand trees: use 0 to 1`)
  if (!(pull > 0)) throw new RangeError(`${pull} is no pull: use more than 0`)
}
