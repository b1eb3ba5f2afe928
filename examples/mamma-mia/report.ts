/** What the example prints. Pure. */
import { table } from '../../scripts/terminal/output.ts'
import type { Figure, Peer } from '../support/figures.ts'
import type { PythonAnswer } from '../support/python.ts'
import type { ChiSquare } from './chi-square.ts'
import type { Answer } from './habits.ts'
import { barChart, meanOf } from './picture.ts'
import { SEED_CHRISTMAS, SEED_ROWS } from './seed.ts'
import type { Habits, Histogram } from './simulation.ts'
import type { Row } from './trees.ts'

/** What people do in the harder Christmas; the Markov chains are to find it out. */
export const HABITS: Required<Habits> = { keep: 0.2, grand: 0.1, pull: 5 }
/** Below it a test says that the discs did not fall by chance. */
const LEAST_P = 0.001

/** What `mammamia.py` tells. */
export interface PythonRuns {
  readonly rows: readonly Histogram[]
  readonly seconds: readonly number[]
}

export interface Told {
  readonly rows: readonly Row[]
  readonly ours: ChiSquare
  readonly seeds: ChiSquare
  readonly habits: Answer
}

export function figuresOf(told: Told & { timed: number; python: PythonAnswer<PythonRuns>; wall: number }): Figure[] {
  const { timed, python, wall, ours, seeds, habits, rows } = told
  const { name } = python
  const took = 'told' in python ? Math.min(...python.told.seconds) : undefined
  const peers: Peer[] = [took === undefined ? (python as Peer) : { name, value: took }]
  return [
    { what: 'one run, interpreted', unit: 'seconds', ours: timed, peers },
    ...(took === undefined
      ? []
      : [{ what: '… as a multiple of CPython’s time', unit: 'times', ours: timed / took, atMost: 2 } as const]),
    {
      what: `${rows.length} runs in ${new Set(rows.map(({ region }) => region)).size} regions`,
      unit: 'seconds',
      ours: wall,
    },
    { what: 'p of chi-square, all runs', unit: 'probability', seed: seeds.p, ours: ours.p, atLeast: LEAST_P },
    { what: `buyers who keep theirs (${HABITS.keep}), found by MCMC`, unit: 'probability', ours: habits.keep.mean },
    { what: `pull of a grand tree (${HABITS.pull}), found by MCMC`, unit: 'times', ours: habits.pull.mean },
  ]
}

/** Within five standard deviations of what it was, and the walks agree. */
export function isFound({ keep, pull, agreement }: Answer): boolean {
  const near = ({ mean, deviation }: Answer['keep'], truth: number) => Math.abs(mean - truth) < 5 * deviation
  return near(keep, HABITS.keep) && near(pull, HABITS.pull) && agreement.every((ratio) => ratio < 1.2)
}

export function describe({ rows, ours, seeds, habits, sameHere }: Told & { sameHere: boolean }): string {
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
    `the seed: ${plausible(seeds)}; of ${SEED_CHRISTMAS.trees.toLocaleString('en')} trees, since its randint(0, 2000000) includes both ends`,
    `here:     ${plausible(ours)}`,
    `the first two runs once more on this side: ${sameHere ? 'the same trees' : 'DIFFERENT trees'}`,
    '',
    `a harder Christmas: a fifth of the buyers keep theirs, a tenth of the trees are five times as grand`,
    `  the fullest tree has ${habits.histogram.length - 1} discs; from the trees alone three Markov chains tell`,
    `  keep ${habits.keep.mean.toFixed(4)} ± ${habits.keep.deviation.toFixed(4)}, pull ${habits.pull.mean.toFixed(3)} ± ${habits.pull.deviation.toFixed(3)} (R ${habits.agreement.map((ratio) => ratio.toFixed(3)).join(', ')})`,
  ].join('\n')
}
