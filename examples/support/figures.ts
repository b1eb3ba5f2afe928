/** An example's measurements, with the seed's figures and those of the comparison programs. */
import { bytes, paint, seconds, table } from '../../scripts/terminal/output.ts'

export type Unit = 'seconds' | 'bytes' | 'times' | 'count' | 'probability'

/** The same program with another tool on the same machine, measured at the same time. */
export type Peer = { readonly name: string } & ({ readonly value: number } | { readonly missing: string })

export interface Figure {
  readonly what: string
  readonly unit: Unit
  readonly ours: number
  /** The figure that the seed printed in 2008 or 2009 on its author's machine. */
  readonly seed?: number
  readonly peers?: readonly Peer[]
  /** The promised upper or lower bound of `ours`. */
  readonly atMost?: number
  readonly atLeast?: number
}

const HEADINGS = ['', 'the seed', 'here', 'this machine’s peer', 'promised']

/** Formats the figures as a table. */
export function figuresTable(figures: readonly Figure[]): string {
  return table(HEADINGS, figures.map(rowOf))
}

/** Formats several examples' figures as one table, with the example's name in its first row. */
export function allFiguresTable(
  all: readonly { readonly name: string; readonly figures: readonly Figure[] }[],
): string {
  return table(['example', ...HEADINGS], rowsOfAll(all))
}

/** Formats the same as a Markdown table. */
export function allFiguresMarkdown(all: Parameters<typeof allFiguresTable>[0]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rows = rowsOfAll(all).map(line)
  return [line(['example', ...HEADINGS]), `|---|---|${'---:|'.repeat(2)}---|---|`, ...rows].join('\n')
}

function rowsOfAll(all: Parameters<typeof allFiguresTable>[0]): string[][] {
  return all.flatMap(({ name, figures }) => figures.map((figure, n) => [n === 0 ? name : '', ...rowOf(figure)]))
}

/** Returns the cells of a row. */
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

/** Whether a figure keeps its promise. */
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

/** Formats a figure. */
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
