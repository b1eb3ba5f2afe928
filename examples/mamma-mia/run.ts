/**
 * "Mamma Mia!" under the Christmas trees: 600,000 discs over 2,000,000 trees, ten times over, in three regions of a
 * fleet on this machine; beside the seed's ten runs, the Poisson distribution, and the same program in CPython.
 *
 *     npx tsx examples/mamma-mia/run.ts [--quick] [--json FILE] [--svg FILE] [--discs N] [--trees N] [--runs N]
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Report, runExample, type Stage, say } from '../support/example.ts'
import { completedValue, fly } from '../support/mission.ts'
import { runPython } from '../support/python.ts'
import { RandomStream } from '../support/random-stream.ts'
import { pool, testAgainstPoisson } from './chi-square.ts'
import type { Answer, Question } from './habits.ts'
import { histogramSvg, meanOf } from './picture.ts'
import { discProbabilities } from './poisson.ts'
import { describe, figuresOf, HABITS, isFound, type PythonRuns } from './report.ts'
import { SEED_CHRISTMAS, SEED_ROWS, withBareTrees } from './seed.ts'
import { type Christmas, simulate } from './simulation.ts'
import type { Row, Runs } from './trees.ts'

type MammaMia = Stage<'discs' | 'trees' | 'runs' | 'steps'>

/** Runs that are timed, in one region, beside as many of CPython. */
const TIMED_RUNS = 3
/** How often they are timed: the quickest counts, on either side. */
const TIMES = 3

await runExample({
  name: 'mamma-mia',
  regions: ['us-east-1', 'eu-west-1', 'ap-south-1'],
  sizes: { discs: 600_000, trees: 2_000_000, runs: 10, steps: 5000 },
  quick: { discs: 60_000, trees: 200_000, runs: 6, steps: 2000 },
  files: ['svg'],
  perform,
})

async function perform(stage: MammaMia): Promise<Report> {
  const { discs, trees, runs } = stage.sizes
  const christmas = { discs, trees }
  say('timing runs in one region, and in CPython')
  const timed = await timeInOneRegion(stage)
  const python = await runPython<PythonRuns>(fileAt('mammamia.py'), [discs, trees, TIMES])
  say(`${runs} runs in ${stage.fleet.regions.length} regions`)
  const from = performance.now()
  const { mission, rows } = await draw(stage, runs)
  const wall = (performance.now() - from) / 1000
  say('asking the trees what people do, by Markov chain Monte Carlo')
  const habits = await askTheTrees(stage)

  const ours = pool(rows.map(({ histogram }) => testAgainstPoisson(histogram, christmas)))
  const seeds = pool(SEED_ROWS.map((row) => testAgainstPoisson(withBareTrees(row), SEED_CHRISTMAS)))
  if (stage.files.svg !== undefined) await writeFile(stage.files.svg, await drawPicture(rows, christmas))
  const sameHere = rows.every(
    ({ run, histogram }) =>
      run > 1 || `${histogram}` === `${simulate(christmas, new RandomStream({ mission, index: run }))}`,
  )
  return {
    figures: figuresOf({ timed, python, wall, ours, seeds, habits, rows }),
    right: sameHere && rows.length === runs && isFound(habits),
    text: describe({ rows, ours, seeds, habits, sameHere }),
    details: { christmas, rows, seed: SEED_ROWS, chiSquare: { ours, seeds }, habits, mission, python },
  }
}

/** Seconds of one run, interpreted, with nothing beside it. */
async function timeInOneRegion(stage: MammaMia): Promise<number> {
  const secondsOf = async (runs: number) => {
    const answer = await draw(stage, runs, [stage.fleet.regions[0]!.region])
    return answer.regions[0]!.settlement!.usage.wallMs / 1000
  }
  // The first run of a new executor pays for compiling the engine.
  await secondsOf(1)
  const times: number[] = []
  for (let time = 0; time < TIMES; time++) times.push((await secondsOf(TIMED_RUNS)) / TIMED_RUNS)
  return Math.min(...times)
}

async function draw(stage: MammaMia, runs: number, regions?: readonly string[]) {
  const { discs, trees } = stage.sizes
  const input: Runs = { discs, trees, runs }
  const answer = await fly(stage, { agent: fileAt('trees.ts'), input, ...(regions && { regions }) })
  return { ...answer, rows: completedValue<Row[]>(answer) }
}

async function askTheTrees(stage: MammaMia): Promise<Answer> {
  const { discs, trees, steps } = stage.sizes
  const input: Question = { christmas: { discs, trees }, habits: HABITS, steps }
  return completedValue(await fly(stage, { agent: fileAt('habits.ts'), input }))
}

function fileAt(name: string): string {
  return join(import.meta.dirname, name)
}

async function drawPicture(rows: readonly Row[], christmas: Christmas): Promise<string> {
  const expected = discProbabilities(christmas, 7).map((probability) => probability * christmas.trees)
  return histogramSvg([
    { name: 'Poisson', trees: expected },
    { name: 'here', trees: meanOf(rows.map(({ histogram }) => histogram)) },
    { name: 'the seed, 2008', trees: meanOf(SEED_ROWS.map(withBareTrees)) },
  ])
}
