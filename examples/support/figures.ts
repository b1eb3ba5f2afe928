/** What an example measured, beside what the seed told and what this machine's own tools take. */
import { bytes, paint, seconds, table } from '../../scripts/terminal/output.ts'

export type Unit = 'seconds' | 'bytes' | 'times' | 'count' | 'probability'

/** The same program by another tool of this machine, in the same minute. */
export type Peer = { readonly name: string } & ({ readonly value: number } | { readonly missing: string })

export interface Figure {
  readonly what: string
  readonly unit: Unit
  readonly ours: number
  /** What the seed printed, in 2008 or 2009, on its author's machine. */
  readonly seed?: number
  readonly peers?: readonly Peer[]
  /** What `ours` is promised to be at most, or at least. */
  readonly atMost?: number
  readonly atLeast?: number
}

const HEADINGS = ['', 'the seed', 'here', 'this machine’s peer', 'promised']

/** The figures as a table. */
export function figuresTable(figures: readonly Figure[]): string {
  return table(HEADINGS, figures.map(rowOf))
}

/** Several examples' figures as one table: the example's name stands beside its first. */
export function allFiguresTable(
  all: readonly { readonly name: string; readonly figures: readonly Figure[] }[],
): string {
  return table(['example', ...HEADINGS], rowsOfAll(all))
}

/** The same for a page in Markdown. */
export function allFiguresMarkdown(all: Parameters<typeof allFiguresTable>[0]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rows = rowsOfAll(all).map(line)
  return [line(['example', ...HEADINGS]), `|---|---|${'---:|'.repeat(2)}---|---|`, ...rows].join('\n')
}

function rowsOfAll(all: Parameters<typeof allFiguresTable>[0]): string[][] {
  return all.flatMap(({ name, figures }) => figures.map((figure, n) => [n === 0 ? name : '', ...rowOf(figure)]))
}

/** A line of the table. */
function rowOf(figure: Figure): string[] {
  const { what, unit, seed, ours, peers = [] } = figure
  return [
    what,
    seed === undefined ? '' : format(seed, unit),
    format(ours, unit),
    [...new Set(peers.map((peer) => describePeer(peer, unit)))].join('; '),
    describePromise(figure),
  ]
}

/** Whether a figure is what it was promised to be. */
export function isKept({
  ours,
  atMost = Number.POSITIVE_INFINITY,
  atLeast = Number.NEGATIVE_INFINITY,
}: Figure): boolean {
  return ours <= atMost && ours >= atLeast
}

function describePeer(peer: Peer, unit: Unit): string {
  return 'missing' in peer ? `${peer.name} is missing: ${peer.missing}` : `${format(peer.value, unit)} ${peer.name}`
}

function describePromise(figure: Figure): string {
  const { unit, atMost, atLeast } = figure
  const bound = atMost ?? atLeast
  if (bound === undefined) return ''
  const said = `${atMost === undefined ? 'at least' : 'at most'} ${format(bound, unit)}`
  return isKept(figure) ? said : paint('red', `${said}: MISSED`)
}

/** A figure for people. */
export function format(value: number, unit: Unit): string {
  switch (unit) {
    case 'seconds':
      return value < 0.1 ? `${Number((value * 1000).toPrecision(3))} ms` : seconds(value)
    case 'bytes':
      return bytes(value)
    case 'times':
      return `${Number(value.toPrecision(3))}×`
    case 'probability':
      return value.toFixed(value < 0.001 ? 6 : 3)
    case 'count':
      return value.toLocaleString('en')
  }
}
