/** Formats the example's output. Pure. */
import { table } from '../../scripts/terminal/output.ts'
import type { Figure } from '../support/figures.ts'
import type { PythonAnswer } from '../support/python.ts'
import type { ChiSquare } from './chi-square.ts'
import type { Answer } from './habits.ts'
import { barChart, meanOf } from './picture.ts'
import { SEED_CHRISTMAS, SEED_ROWS } from './seed.ts'
import type { Habits, Histogram } from './simulation.ts'
import type { Row } from './trees.ts'

/** The true habits of the harder Christmas, which the Markov chains estimate. */
export const HABITS: Required<Habits> = { keep: 0.2, grand: 0.1, pull: 5 }
/** Below this probability a test rejects the hypothesis that the discs fell at random. */
const LEAST_P = 0.001

/** The output of `mammamia.py`. */
export interface PythonRuns {
  readonly rows: readonly Histogram[]
  readonly seconds: readonly number[]
}

export interface Told {
  /** Seconds of one run in a region. */
  readonly interpreted: number
  readonly kernel: number
  readonly python: PythonAnswer<PythonRuns>
  readonly rows: readonly Row[]
  /** Seconds of all runs together, spread over the regions. */
  readonly seconds: number
  readonly chiSquare: Readonly<Record<'seed' | 'ours' | 'hundred', ChiSquare>>
  readonly habits: Answer
  readonly sameHere: boolean
  /** A quick run promises nothing, because a small Christmas says little about speed. */
  readonly quick: boolean
}

export function figuresOf({ interpreted, kernel, python, seconds, chiSquare, habits, rows, quick }: Told): Figure[] {
  const regions = new Set(rows.map(({ region }) => region)).size
  return [
    ...besides(python, 'one run, interpreted', interpreted, (theirs) => ({
      what: '… as a multiple of CPython’s time',
      ours: interpreted / theirs,
      ...(!quick && { atMost: 2 }),
    })),
    ...besides(python, 'one run, its loop as a kernel', kernel, (theirs) => ({
      what: '… times as fast as CPython',
      ours: theirs / kernel,
      ...(!quick && { atLeast: 25 }),
    })),
    { what: `${rows.length} interpreted runs in ${regions} regions`, unit: 'seconds', ours: seconds },
    {
      what: `p of chi-square, ${rows.length} runs`,
      unit: 'probability',
      seed: chiSquare.seed.p,
      ours: chiSquare.ours.p,
      atLeast: LEAST_P,
    },
    { what: 'p of chi-square, 100 runs', unit: 'probability', ours: chiSquare.hundred.p, atLeast: LEAST_P },
    { what: `buyers who keep theirs (${HABITS.keep}), found by MCMC`, unit: 'probability', ours: habits.keep.mean },
    { what: `pull of a grand tree (${HABITS.pull}), found by MCMC`, unit: 'times', ours: habits.pull.mean },
  ]
}

/** Compares our time with CPython's, if CPython is installed. */
function besides(
  python: PythonAnswer<PythonRuns>,
  what: string,
  ours: number,
  compare: (theirs: number) => Omit<Figure, 'unit'>,
): Figure[] {
  if ('missing' in python) return [{ what, unit: 'seconds', ours, peers: [python] }]
  const theirs = Math.min(...python.told.seconds)
  const peers = [{ name: python.name, value: theirs }]
  return [
    { what, unit: 'seconds', ours, peers },
    { unit: 'times', ...compare(theirs) },
  ]
}

/** Checks that the estimates are within five standard deviations of the truth, and that the chains agree. */
export function isFound({ keep, pull, agreement }: Answer): boolean {
  const near = ({ mean, deviation }: Answer['keep'], truth: number) => Math.abs(mean - truth) < 5 * deviation
  return near(keep, HABITS.keep) && near(pull, HABITS.pull) && agreement.every((ratio) => ratio < 1.2)
}

export function describe({ rows, chiSquare, habits, sameHere }: Told): string {
  const most = Math.max(...rows.map(({ histogram }) => histogram.length), 1 + SEED_ROWS[3]!.length)
  const columns = Array.from({ length: most - 1 }, (_, n) => `${n + 1}`)
  const cells = (trees: Histogram) => columns.map((_, n) => `${trees[n] ?? ''}`)
  const plausible = ({ statistic, degrees, p }: ChiSquare) =>
    `chi-square ${statistic.toFixed(1)} with ${degrees} degrees of freedom, p = ${p.toFixed(3)}`
  return [
    'trees by the discs under them',
    table(
      ['run', 'where', ...columns],
      [
        ...SEED_ROWS.map((row, n) => [`${n + 1}`, 'the seed, 2008', ...cells(row)]),
        ...rows.map(({ run, region, histogram }) => [`${run + 1}`, region, ...cells(histogram.slice(1))]),
      ],
    ),
    '',
    barChart({ name: 'here', trees: meanOf(rows.map(({ histogram }) => histogram)) }),
    '',
    `the seed: ${plausible(chiSquare.seed)}; of ${SEED_CHRISTMAS.trees.toLocaleString('en')} trees, since its randint(0, 2000000) includes both ends`,
    `here:     ${plausible(chiSquare.ours)}`,
    `a hundred runs as a kernel: ${plausible(chiSquare.hundred)}`,
    `the first two runs of either once more on this side: ${sameHere ? 'the same trees' : 'DIFFERENT trees'}`,
    '',
    `a harder Christmas: a fifth of the buyers keep theirs, a tenth of the trees are five times as grand`,
    `  the fullest tree has ${habits.histogram.length - 1} discs; from the trees alone three Markov chains tell`,
    `  keep ${habits.keep.mean.toFixed(4)} ± ${habits.keep.deviation.toFixed(4)}, pull ${habits.pull.mean.toFixed(3)} ± ${habits.pull.deviation.toFixed(3)} (R ${habits.agreement.map((ratio) => ratio.toFixed(3)).join(', ')})`,
  ].join('\n')
}
