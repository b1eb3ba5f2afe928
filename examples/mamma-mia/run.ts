/**
 * "Mamma Mia!" under the Christmas trees: 600,000 discs over 2,000,000 trees, ten times, in three regions of a local
 * fleet. For comparison: the seed's ten runs, the Poisson distribution, and the same program in CPython.
 *
 *     npx tsx examples/mamma-mia/run.ts [--quick] [--json FILE] [--svg FILE] [--discs N] [--trees N] [--runs N]
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Report, runExample, type Stage, say } from '../support/example.ts'
import { completedValue, fly } from '../support/mission.ts'
import { runPython } from '../support/python.ts'
import { RandomStream } from '../support/random-stream.ts'
import { type ChiSquare, pool, testAgainstPoisson } from './chi-square.ts'
import type { Answer, Question } from './habits.ts'
import { histogramSvg, meanOf } from './picture.ts'
import { discProbabilities } from './poisson.ts'
import { describe, figuresOf, HABITS, isFound, type PythonRuns } from './report.ts'
import { SEED_CHRISTMAS, SEED_ROWS, withBareTrees } from './seed.ts'
import { type Christmas, simulate } from './simulation.ts'
import type { Row, Runs } from './trees.ts'

type MammaMia = Stage<'discs' | 'trees' | 'runs' | 'steps'>

/** The number of runs that are timed together, and the number of repetitions. The fastest counts, as for CPython. */
const TIMED = {
  interpreted: { agent: 'trees.ts', runs: 3, times: 3 },
  kernel: { agent: 'kernel-trees.ts', runs: 20, times: 5 },
}
/** The number of CPython's repetitions. */
const PYTHON_RUNS = 5

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
  say('timing runs in one region, interpreted and as a kernel, and in CPython')
  const interpreted = await timeInOneRegion(stage, TIMED.interpreted)
  const kernel = await timeInOneRegion(stage, TIMED.kernel)
  const python = await runPython<PythonRuns>(fileAt('mammamia.py'), [discs, trees, PYTHON_RUNS])
  say(`${runs} runs in ${stage.fleet.regions.length} regions, interpreted, and a hundred as a kernel`)
  const drawn = await draw(stage, 'trees.ts', runs)
  const hundred = await draw(stage, 'kernel-trees.ts', 100)
  const { rows } = drawn
  say('asking the trees what people do, by Markov chain Monte Carlo')
  const habits = await askTheTrees(stage)

  const chiSquare = {
    seed: pool(SEED_ROWS.map((row) => testAgainstPoisson(withBareTrees(row), SEED_CHRISTMAS))),
    ours: poolOf(rows, christmas),
    hundred: poolOf(hundred.rows, christmas),
  }
  const sameHere = [drawn, hundred].every((mission) => isSameHere(mission, christmas))
  if (stage.files.svg !== undefined) await writeFile(stage.files.svg, await drawPicture(rows, christmas))
  const told = {
    interpreted,
    kernel,
    python,
    seconds: drawn.seconds,
    chiSquare,
    habits,
    rows,
    sameHere,
    quick: stage.quick,
  }
  return {
    figures: figuresOf(told),
    right: sameHere && rows.length === runs && hundred.rows.length === 100 && isFound(habits),
    text: describe(told),
    details: { christmas, seed: SEED_ROWS, mission: drawn.mission, ...told },
  }
}

function poolOf(rows: readonly Row[], christmas: Christmas): ChiSquare {
  return pool(rows.map(({ histogram }) => testAgainstPoisson(histogram, christmas)))
}

/** Draws the first two runs of a mission again in this process, and checks that they give the same trees. */
function isSameHere({ mission, rows }: { mission: string; rows: readonly Row[] }, christmas: Christmas): boolean {
  return rows
    .slice(0, 2)
    .every(
      ({ run, histogram }) => `${histogram}` === `${simulate(christmas, new RandomStream({ mission, index: run }))}`,
    )
}

/** Measures the seconds of one run while nothing else runs. */
async function timeInOneRegion(
  stage: MammaMia,
  timed: { agent: string; runs: number; times: number },
): Promise<number> {
  const secondsOf = async (runs: number) => {
    const answer = await draw(stage, timed.agent, runs, [stage.fleet.regions[0]!.region])
    return answer.regions[0]!.landingResult!.usage.wallMs / 1000
  }
  // The first run of a new executor also compiles the engine, so it is not timed.
  await secondsOf(1)
  const times: number[] = []
  for (let time = 0; time < timed.times; time++) times.push((await secondsOf(timed.runs)) / timed.runs)
  return Math.min(...times)
}

async function draw(stage: MammaMia, agent: string, runs: number, regions?: readonly string[]) {
  const { discs, trees } = stage.sizes
  const input: Runs = { discs, trees, runs }
  const start = performance.now()
  const answer = await fly(stage, { agent: fileAt(agent), input, ...(regions && { regions }) })
  return { ...answer, seconds: (performance.now() - start) / 1000, rows: completedValue<Row[]>(answer) }
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
