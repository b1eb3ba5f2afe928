/**
 * Runs every example, one after another, and prints one table of their figures: the seed's, ours, and those of the
 * comparison programs.
 *
 *     npm run examples [-- --quick] [--check] [--only a,b] [--json FILE] [--page FILE]
 *
 * `--page` writes the table into a page that is otherwise hand-written, such as examples/README.md, between its marks.
 * The exit code is 1 if an example fails or has a wrong answer, and with `--check` also if a promise is missed.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, platform, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { UsageError } from 'lander'
import { EXIT, note, paint, printError, seconds } from '../scripts/terminal/output.ts'
import { allFiguresMarkdown, allFiguresTable, isKept } from './support/figures.ts'
import { EXAMPLES, type Performance, perform } from './support/performances.ts'

const START = '<!-- figures -->'
const END = '<!-- end of figures -->'

const dir = await mkdtemp(join(tmpdir(), 'lander-examples-'))
try {
  const options = readOptions()
  const done: Performance[] = []
  for (const name of options.names) {
    note(paint('bold', name, process.stderr))
    done.push(await perform(name, { quick: options.quick, dir }))
  }
  process.stdout.write(`${allFiguresTable(done)}\n\n${done.map(summaryOf).join('\n')}\n`)
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(documentOf(options.quick, done))}\n`)
  if (options.page !== undefined) await fillPage(options.page, options.quick, done)
  const missed = done.some(({ figures }) => !figures.every(isKept))
  if (done.some(({ problem }) => problem !== undefined) || (options.check && missed)) process.exitCode = EXIT.failed
} catch (error) {
  process.exitCode = printError(error, false)
} finally {
  await rm(dir, { recursive: true, force: true })
}

function readOptions() {
  const flag = { type: 'boolean', default: false } as const
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { quick: flag, check: flag, only: text, json: text, page: text } })
  const all = Object.keys(EXAMPLES)
  const names = values.only?.split(',') ?? all
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined)
    throw new UsageError('USAGE', `there is no example "${unknown}"`, { remedy: `use some of ${all.join(', ')}` })
  return { ...values, names }
}

function summaryOf({ name, seconds: took, problem }: Performance): string {
  return problem === undefined
    ? `${paint('green', 'done')}   ${name}, ${seconds(took)}`
    : `${paint('red', 'FAILED')} ${name}: ${problem}`
}

function documentOf(quick: boolean, examples: readonly Performance[]): object {
  return { date: new Date().toISOString(), quick, machine: machine(), examples }
}

function machine() {
  return { node: process.version, platform: `${platform()} ${release()}`, cpus: cpus().length, cpu: cpus()[0]?.model }
}

async function fillPage(path: string, quick: boolean, examples: readonly Performance[]): Promise<void> {
  const text = await readFile(path, 'utf8')
  const [start, end] = [text.indexOf(START), text.indexOf(END)]
  if (start < 0 || end < start)
    throw new UsageError('FILE_UNUSABLE', `"${path}" has no place for the figures`, {
      remedy: `put ${START} and ${END} where they belong`,
    })
  const { cpus: cores, cpu, node } = machine()
  const day = new Date().toISOString().slice(0, 10)
  const command = `npm run examples${quick ? ' -- --quick' : ''}`
  const about = `\`${command}\`, ${day}, ${cores} × ${cpu}, Node ${node}. Peers ran in the same minutes; each figure is one of this machine, not a promise for yours.`
  const filled = `${text.slice(0, start + START.length)}\n\n${about}\n\n${allFiguresMarkdown(examples)}\n\n${text.slice(end)}`
  await writeFile(path, filled)
}
