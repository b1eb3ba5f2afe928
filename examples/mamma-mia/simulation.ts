import type { RandomStream } from '../support/random-stream.ts'

/** What is given away, and where it may end up. */
export interface Christmas {
  /** Discs that were sold. */
  readonly discs: number
  /** Trees that a disc may lie under. */
  readonly trees: number
}

/** How many trees have 0, 1, 2 … discs under them, down to the fullest. */
export type Histogram = readonly number[]

/** Where the discs go, if not under any tree alike. */
export interface Habits {
  /** Share of the buyers who keep the disc: it lies under no tree. @default 0 */
  readonly keep?: number
  /** Share of the trees that are grand: whole families meet there. @default 0 */
  readonly grand?: number
  /** How many times as likely a grand tree is to get a disc as another. @default 1 */
  readonly pull?: number
}

/**
 * Draws a tree for every disc and counts the trees by their discs.
 *
 * @throws RangeError if there is no tree, or a share is none
 */
export function simulate(christmas: Christmas, stream: RandomStream, habits: Habits = {}): number[] {
  requireSensible(christmas, habits)
  return habits.keep || habits.grand ? drawByHabits(christmas, stream, habits) : drawEvenly(christmas, stream)
}

/** The seed's program: every tree takes part in the lottery for every disc. */
function drawEvenly({ discs, trees }: Christmas, stream: RandomStream): number[] {
  const under = new Uint32Array(trees)
  const reached = [trees]
  // 2^32 words over 2,000,000 trees: 2,147 or 2,148 words lead to each, too even for any of our tests to notice.
  const treesPerWord = trees / 2 ** 32
  for (let left = discs; left > 0; ) {
    const words = stream.batch()
    const count = Math.min(left, words.length)
    for (let i = 0; i < count; i++) reachNext(reached, ++under[(words[i]! * treesPerWord) | 0]!)
    left -= count
  }
  return histogramOf(reached)
}

/** Grand trees come first in the row, each as wide as its pull; behind the last tree lies what buyers keep. */
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

/** Counts one more tree that has got its nth disc. So the trees needn't be looked at once more when all is drawn. */
function reachNext(reached: number[], nth: number): void {
  if (nth === reached.length) reached.push(0)
  reached[nth]!++
}

/** Of trees that got an nth disc, those that got no further one have exactly n. */
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
