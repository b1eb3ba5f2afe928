/**
 * Runs every benchmark of a folder, one after another, and writes a page with the results.
 *
 *     npm run bench [-- --quick] [--check] [--only a,b] [--json FILE] [--page FILE] [--in DIR]
 *
 * `--quick` measures less and takes under three minutes; a full run takes an hour and a half. With `--check` the exit
 * code is 1 if a promise is missed or a program fails, and the output names it. Writes `bench/results.json`,
 * `docs/benchmarks.md` and the figures in `docs/acceleration.md`, unless `--only` selects some programs.
 */
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { VERSION } from '../lib/version.ts'
import { thisMachine } from './support/machine.ts'
import { fillMarks } from './support/marks.ts'
import { missedOf, type Results, renderPage } from './support/page.ts'
import { sayPromise } from './support/program.ts'
import { type Entry, listPrograms, runAll } from './support/run-all.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const PAGE = here('../docs/benchmarks.md')
const MARKED_PAGE = here('../docs/acceleration.md')
const MINUTE_MS = 60_000
/** Options whose value is a file name. */
const TOLD_NOBODY = ['--json', '--page', '--in']

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
    page: { type: 'string' },
    in: { type: 'string', default: here('.') },
  },
})

const { quick } = flags
const start = performance.now()
const programs = await runAll({
  dir: flags.in,
  names: flags.only?.split(',') ?? (await listPrograms(flags.in)),
  quick,
  // One of the benchmarks computes for an hour in a full run.
  timeoutMs: (quick ? 4 : 90) * MINUTE_MS,
  say: (line) => process.stderr.write(`${line}\n`),
})
const results: Results = {
  date: new Date().toISOString(),
  command: commandOf(process.argv.slice(2)),
  quick,
  machine: thisMachine(),
  versions: { Lander: versionOfCheckout(), Node: process.version, V8: process.versions.v8 },
  seconds: (performance.now() - start) / 1000,
  programs,
}

for (const entry of programs) process.stdout.write(`${summaryOf(entry)}\n`)
const [json, page] = destinations()
if (json !== undefined) await writeFile(json, `${JSON.stringify(results, undefined, 2)}\n`)
if (page !== undefined) await writeFile(page, renderPage(results))
if (flags.in === here('.')) await writeFile(MARKED_PAGE, fillMarks(await readFile(MARKED_PAGE, 'utf8'), programs))

const missed = missedOf(programs)
for (const name of missed) process.stderr.write(`missed: ${name}\n`)
if (flags.check && missed.length > 0) process.exitCode = 1

/** The command line without the options that say where results are written. */
function commandOf(args: readonly string[]): string {
  const told = args.filter((arg, index) => !TOLD_NOBODY.includes(arg) && !TOLD_NOBODY.includes(args[index - 1] ?? ''))
  return ['npm run bench', ...(told.length > 0 ? ['--'] : []), ...told].join(' ')
}

function summaryOf(entry: Entry): string {
  const took = `${entry.name} (${entry.seconds.toFixed(1)} s)`
  if ('error' in entry) return `${took}\n  FAILED it ${entry.error}`
  const missing = (entry.report.missing ?? []).map((peer) => `  missing ${peer}`)
  return [took, ...entry.report.promises.map((promised) => `  ${sayPromise(promised)}`), ...missing].join('\n')
}

/** The files to write. The results of some programs do not replace the results of all. */
function destinations(): [json: string | undefined, page: string | undefined] {
  if (flags.only !== undefined) return [flags.json, flags.page]
  return [flags.json ?? here('results.json'), flags.page ?? PAGE]
}

/** The package's version, and the commit if the folder is a Git checkout. */
function versionOfCheckout(): string {
  try {
    const options = { cwd: here('.'), encoding: 'utf8', stdio: 'pipe' } as const
    return `${VERSION} (${execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim()})`
  } catch {
    return VERSION
  }
}
