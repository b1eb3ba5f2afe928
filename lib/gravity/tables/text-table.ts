/**
 * Parses tables that are written as aligned text, so that readers can compare them with their source line by line. `-`
 * means that no figure is published.
 */

/** The cells of a text table: one array of strings for each line that is not blank. */
export function parseRows(text: string): string[][] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
}

/** The figure of a cell; `undefined` for `-`. */
export const parseCell = (cell: string | undefined): number | undefined =>
  cell === undefined || cell === '-' ? undefined : Number(cell)

/** Parses rows of the form `key figure figure …` into a map from key to figures. */
export function parseColumns(text: string): ReadonlyMap<string, readonly (number | undefined)[]> {
  return new Map(parseRows(text).map(([key = '', ...cells]) => [key, cells.map(parseCell)]))
}

/** A square table from region to region. */
export interface Matrix {
  /** The regions, in the order of rows and columns. */
  readonly regions: readonly string[]
  /** The figure of a pair; `undefined` where the pair was not measured. */
  at(from: string, to: string): number | undefined
  /** All measured figures whose ends differ. */
  readonly apart: readonly number[]
  /** All measured figures whose ends are the same region. */
  readonly inside: readonly number[]
}

/** Parses a square table whose columns are in the order of its rows. */
export function parseMatrix(text: string): Matrix {
  const rows = parseColumns(text)
  const regions = [...rows.keys()]
  const column = new Map(regions.map((region, index) => [region, index]))
  const at = (from: string, to: string) => rows.get(from)?.[column.get(to) ?? -1]
  const measured = (pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([from, to]) => at(from, to)).filter((figure) => figure !== undefined)
  const pairs = regions.flatMap((from) => regions.map((to) => [from, to] as const))
  return {
    regions,
    at,
    apart: measured(pairs.filter(([from, to]) => from !== to)),
    inside: measured(regions.map((region) => [region, region] as const)),
  }
}
