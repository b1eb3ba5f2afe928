/** Figures inside pages that are otherwise written by hand: between `<!-- bench NAME PATH -->` and `<!-- /bench -->`. */
import { rowsTable, say } from './page.ts'
import type { BenchReport } from './program.ts'
import type { Entry } from './run-all.ts'

const MARKED = /(<!-- bench ([\w-]+) ([\w.]+) -->)[\s\S]*?(<!-- \/bench -->)/g

type Figure = number | null | readonly Readonly<Record<string, unknown>>[]

/**
 * Writes the figures of benchmarks anew into a page: a number in the middle of a line, an array of rows as a table; a
 * `null` is what could not be measured. Those of a program that was not run, or did not finish, stay as they are.
 *
 * @throws Error where a page names what its benchmark does not measure
 */
export function fillMarks(page: string, programs: readonly Entry[]): string {
  return page.replace(MARKED, (marked, opening: string, name: string, path: string, closing: string) => {
    const entry = programs.find((candidate) => candidate.name === name)
    if (entry === undefined || 'error' in entry) return marked
    return `${opening}${sayFigure(figureAt(entry.name, entry.report, path))}${closing}`
  })
}

function sayFigure(figure: Figure): string {
  if (figure === null) return 'not measured'
  return typeof figure === 'number' ? say(figure) : `\n\n${rowsTable(figure)}\n\n`
}

function figureAt(name: string, { figures }: BenchReport, path: string): Figure {
  let value: unknown = figures
  for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key]
  if (typeof value === 'number' || value === null || Array.isArray(value)) return value
  throw new Error(`the benchmark "${name}" has no figure "${path}"`)
}
