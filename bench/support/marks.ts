/** Figures inside pages that are otherwise written by hand: between `<!-- bench NAME PATH -->` and `<!-- /bench -->`. */
import { rowsTable, say } from './page.ts'
import type { Entry } from './run-all.ts'

const MARKED = /(<!-- bench ([\w-]+) ([\w.]+) -->)[\s\S]*?(<!-- \/bench -->)/g

/**
 * Writes the figures of benchmarks anew into a page: a number in the middle of a line, an array of rows as a table.
 * Those of a program that did not finish stay as they are.
 *
 * @throws Error where a page names what no benchmark measures
 */
export function fillMarks(page: string, programs: readonly Entry[]): string {
  return page.replace(MARKED, (marked, opening: string, name: string, path: string, closing: string) => {
    if (programs.some((entry) => entry.name === name && 'error' in entry)) return marked
    const value = figureAt(programs, name, path)
    return Array.isArray(value)
      ? `${opening}\n\n${rowsTable(value)}\n\n${closing}`
      : `${opening}${say(value)}${closing}`
  })
}

function figureAt(programs: readonly Entry[], name: string, path: string): number | Record<string, unknown>[] {
  const entry = programs.find((candidate) => candidate.name === name)
  const report = entry !== undefined && 'report' in entry ? entry.report : undefined
  let value: unknown = report?.figures
  for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key]
  if (typeof value === 'number' || Array.isArray(value)) return value
  throw new Error(`no benchmark "${name}" has a figure "${path}"`)
}
