import { agent } from 'lander/agent'
import { RandomStream } from '../support/random-stream.ts'
import { agreement, type Estimate, estimate, metropolis, type Point } from './metropolis.ts'
import { discProbabilities } from './poisson.ts'
import { type Christmas, type Habits, type Histogram, simulate } from './simulation.ts'

export interface Question {
  readonly christmas: Christmas
  /** The habits to estimate. The Markov chains know only the share of grand trees. */
  readonly habits: Required<Habits>
  readonly steps: number
}

/** The estimate of one region. */
interface Chain {
  readonly histogram: Histogram
  readonly walk: readonly Point[]
  readonly accepted: number
}

export interface Answer {
  readonly histogram: Histogram
  /** The estimated share of the buyers who keep their disc. */
  readonly keep: Estimate
  /** The estimated pull of a grand tree. */
  readonly pull: Estimate
  /** Gelman–Rubin statistic of both parameters: near 1 if the regions' chains agree. */
  readonly agreement: readonly [number, number]
  readonly accepted: number
}

/** The share of the steps that is discarded as burn-in. */
const WARM_UP = 0.4
/** The chain is thinned: one point in this many is reported, because neighbours are almost equal. */
const TOLD = 10

/**
 * A harder Christmas: some buyers keep their disc, and some trees are grander than others. The trees are drawn once,
 * equal in every region. Then each region runs its own Markov chain to estimate the habits from the trees alone.
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

/** Returns the log-likelihood of the trees for given habits. The prior is uniform over all valid habits. */
export function logLikelihood(histogram: Histogram, christmas: Christmas, habits: Required<Habits>): number {
  const { keep, pull } = habits
  if (keep < 0 || keep >= 1 || pull < 1 || pull > 100) return Number.NEGATIVE_INFINITY
  const probabilities = discProbabilities(christmas, histogram.length - 1, habits)
  return histogram.reduce((sum, trees, discs) => sum + trees * Math.log(probabilities[discs]!), 0)
}
