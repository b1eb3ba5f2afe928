/** Writes the page of all benchmarks, `docs/benchmarks.md`, from their reports. */
import type { Machine } from './machine.ts'
import { type BenchReport, isKept, type Promised, sayBound } from './program.ts'
import type { Entry } from './run-all.ts'

/** The content of `bench/results.json`. */
export interface Results {
  readonly date: string
  readonly command: string
  readonly quick: boolean
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly seconds: number
  readonly programs: readonly Entry[]
}

/** Names every missed promise and every program that did not finish. */
export function missedOf(programs: readonly Entry[]): string[] {
  return programs.flatMap((entry) =>
    'error' in entry
      ? [`${entry.name} ${entry.error}`]
      : entry.report.promises.filter((promised) => !isKept(promised)).map(({ name }) => `${entry.name}: ${name}`),
  )
}

/** Renders the results as Markdown. */
export function renderPage(results: Results): string {
  return [
    '# Benchmarks',
    '<!-- Made by `npm run bench`; do not edit. -->',
    intro(results),
    ...results.programs.map(renderEntry),
    '',
  ].join('\n\n')
}

function intro({ date, command, quick, machine, versions, seconds }: Results): string {
  const { cores, cpu, memoryGB, platform } = machine
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `\`${command}\` wrote this page on ${date.slice(0, 10)} in ${Math.round(seconds)} s${quick ? ', measuring less than it can' : ''}:`,
    `${cores} cores (${cpu}), ${memoryGB} GB, ${platform}; ${named.join(', ')}. The figures are in`,
    '[`bench/results.json`](../bench/results.json).',
    '',
    'Figures of different machines can’t be compared, ratios can. Each promise is a ratio or a difference of two things',
    'that ran in the same minute, or a number of bytes; where it is a time, the column *of fib(30)* holds it against the',
    'fib(30) of Node’s own V8 in the same process. A peer that was not there is said to be missing.',
  ].join('\n')
}

function renderEntry(entry: Entry): string {
  if ('error' in entry) return `## ${entry.name}\n\nDid not finish: it ${entry.error}.`
  const { report, seconds } = entry
  const parts = [
    `## ${entry.name}`,
    report.about,
    report.promises.length > 0 && renderPromises(report),
    ...renderFigures(report.figures),
    report.missing?.length && `Missing: ${report.missing.join('; ')}.`,
    `\`npx tsx bench/${entry.name}.ts${report.quick ? ' --quick' : ''}\`, ${Math.round(seconds)} s`,
  ]
  return parts.filter((part) => typeof part === 'string').join('\n\n')
}

function renderPromises({ promises, yardstickMs }: BenchReport): string {
  const rows = promises.map((promised) => [
    promised.name,
    sayMeasured(promised),
    sayAgainst(promised, yardstickMs),
    sayBound(promised),
    isKept(promised) ? 'kept' : '**missed**',
  ])
  return table(['promise', 'measured', 'of fib(30)', 'promised', ''], rows)
}

const MS_OF: Readonly<Record<string, number>> = { ms: 1, s: 1000 }

/** Returns a time relative to the yardstick's. */
function sayAgainst({ value, unit }: Promised, yardstickMs: number): string {
  const ms = MS_OF[unit]
  return ms === undefined ? '' : `${say((value * ms) / yardstickMs)} ×`
}

function sayMeasured({ value, unit }: Promised): string {
  return `${say(value)} ${unit}`.trim()
}

/** Writes arrays of flat objects as tables; everything else goes to one table of names and values. */
function renderFigures(figures: Readonly<Record<string, unknown>>): string[] {
  const flat = flatten(figures)
  const plain = flat.filter(([, value]) => !isRows(value)).map(([name, value]) => [name, sayValue(value)])
  const tables = flat.flatMap(([name, value]) => (isRows(value) ? [`${name}:\n\n${rowsTable(value)}`] : []))
  return [...(plain.length > 0 ? [table(['figure', ''], plain)] : []), ...tables]
}

type Row = Readonly<Record<string, unknown>>

function isRows(value: unknown): value is readonly Row[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'object' && item !== null)
}

/** Writes flat objects as a table with a column for every name. */
export function rowsTable(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return table(
    columns,
    rows.map((row) => columns.map((column) => sayValue(row[column]))),
  )
}

function flatten(value: Readonly<Record<string, unknown>>, prefix = ''): [name: string, value: unknown][] {
  return Object.entries(value).flatMap(([key, inner]): [string, unknown][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? flatten(inner as Row, `${prefix}${key} · `)
      : [[`${prefix}${key}`, inner]],
  )
}

function sayValue(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number') return say(value)
  if (Array.isArray(value)) return value.map(sayValue).join(', ')
  return String(typeof value === 'object' ? JSON.stringify(value) : value).replaceAll('|', '\\|')
}

/** Formats whole numbers in full with commas, and others with four digits. */
export function say(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : String(Number(value.toPrecision(4)))
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
