/** Generated figures inside hand-written pages: between `<!-- bench NAME PATH -->` and `<!-- /bench -->`. */
import { rowsTable, say } from './page.ts'
import type { BenchReport } from './program.ts'
import type { Entry } from './run-all.ts'

const MARKED = /(<!-- bench ([\w-]+) ([\w.]+) -->)[\s\S]*?(<!-- \/bench -->)/g

type Figure = number | null | readonly Readonly<Record<string, unknown>>[]

/**
 * Replaces the figures of benchmarks in a page. A number is written in the middle of a line, and an array of rows as a
 * table. `null` means that the figure could not be measured. Figures of programs that did not run or did not finish
 * stay as they are.
 *
 * @throws Error if the page names a figure that its benchmark does not have
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
