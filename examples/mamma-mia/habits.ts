import { agent } from 'lander/agent'
import { RandomStream } from '../support/random-stream.ts'
import { agreement, type Estimate, estimate, metropolis, type Point } from './metropolis.ts'
import { discProbabilities } from './poisson.ts'
import { type Christmas, type Habits, type Histogram, simulate } from './simulation.ts'

export interface Question {
  readonly christmas: Christmas
  /** What people do; the walks are not told, but for the share of grand trees. */
  readonly habits: Required<Habits>
  readonly steps: number
}

/** What one region found out. */
interface Chain {
  readonly histogram: Histogram
  readonly walk: readonly Point[]
  readonly accepted: number
}

export interface Answer {
  readonly histogram: Histogram
  /** Share of the buyers who keep theirs, as the trees alone tell it. */
  readonly keep: Estimate
  /** Pull of a grand tree, likewise. */
  readonly pull: Estimate
  /** Of keep and pull: 1 when the regions' walks agree. */
  readonly agreement: readonly [number, number]
  readonly accepted: number
}

/** The walk gets this part of its steps to find its way to where the density is. */
const WARM_UP = 0.4
/** One point in so many is told: neighbours are nearly the same. */
const TOLD = 10

/**
 * A harder Christmas: some buyers keep theirs, and some trees are grander than others. It is drawn once, the same in
 * every region; then each region walks a Markov chain of its own to find out from the trees alone what people do.
 */
export default agent(
  ({ christmas, habits, steps }: Question, { mission, region, regions }): Chain => {
    const histogram = simulate(christmas, new RandomStream({ mission, index: 0 }), habits)
    const stream = new RandomStream({ mission, index: 1 + regions.indexOf(region) })
    const logDensity = (point: Point) => logLikelihood(histogram, christmas, { grand: habits.grand, ...at(point) })
    const strides = [1.5 / Math.sqrt(christmas.discs), 12 / Math.sqrt(christmas.discs)]
    const { visited, accepted } = metropolis({ logDensity, start: [0.5, 2], stride: strides, steps }, stream)
    const walk = visited.slice(steps * WARM_UP).filter((_, step) => step % TOLD === 0)
    return { histogram, walk, accepted }
  },
  {
    merge: (chains: Chain[]): Answer => {
      const walks = chains.map(({ walk }) => walk)
      return {
        histogram: chains[0]!.histogram,
        keep: estimate(walks, 0),
        pull: estimate(walks, 1),
        agreement: [agreement(walks, 0), agreement(walks, 1)],
        accepted: chains.reduce((sum, { accepted }) => sum + accepted, 0) / chains.length,
      }
    },
  },
)

const at = ([keep, pull]: Point) => ({ keep: keep!, pull: pull! })

/** How likely the trees are, given the habits; nothing is known of those but that they make sense. */
export function logLikelihood(histogram: Histogram, christmas: Christmas, habits: Required<Habits>): number {
  const { keep, pull } = habits
  if (keep < 0 || keep >= 1 || pull < 1 || pull > 100) return Number.NEGATIVE_INFINITY
  const probabilities = discProbabilities(christmas, histogram.length - 1, habits)
  return histogram.reduce((sum, trees, discs) => sum + trees * Math.log(probabilities[discs]!), 0)
}
