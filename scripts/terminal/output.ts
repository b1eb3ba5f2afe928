/**
 * The output of the CLI. Results go to stdout, everything else to stderr. `--json` prints one document. Colours are used
 * only on a terminal, and not if NO_COLOR is set (https://no-color.org).
 */
import { styleText } from 'node:util'
import { LanderError, type Situation, toWireError } from '../../lib/errors.ts'
import { withRemedy } from './remedies.ts'

export { formatBytes as bytes, formatSeconds as seconds } from '../../lib/gravity/units.ts'

export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, unreachable: 4 } as const

const EXIT_OF: Record<Situation, number> = {
  usage: EXIT.usage,
  refused: EXIT.refused,
  object: EXIT.unreachable,
  kernel: EXIT.usage,
  unreachable: EXIT.unreachable,
  internal: EXIT.failed,
}

export type Style = Parameters<typeof styleText>[0]

/** Styles text for a stream if it is a terminal and colours are wanted. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  const wanted = stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  return wanted ? styleText(style, text) : text
}

/** Prints a result: the document with `--json`, else the text. */
export function printResult(json: boolean | undefined, document: unknown, text: () => string): void {
  process.stdout.write(json ? `${JSON.stringify(document)}\n` : `${text().trimEnd()}\n`)
}

/** Prints a note for the user on stderr, where programs that read stdout don't see it. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** The exit code for the situation of an error. */
export function exitCodeOf(situation: Situation): number {
  return EXIT_OF[situation]
}

/** Prints an error with its remedy. @returns the exit code */
export function printError(error: unknown, json: boolean): number {
  const wire = withRemedy(toWireError(error))
  if (json) process.stdout.write(`${JSON.stringify({ error: wire })}\n`)
  const known = error instanceof LanderError
  const text = known ? wire.message : ((error as Error | undefined)?.stack ?? String(error))
  note(`${paint('red', 'error', process.stderr)} ${paint('bold', wire.code, process.stderr)}: ${text}`)
  if (wire.remedy !== undefined) note(`  ${paint('green', 'remedy', process.stderr)}: ${wire.remedy}`)
  return exitCodeOf(wire.situation)
}

/** A table with aligned columns. Columns of numbers are aligned to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const numeric = headings.map((_, i) => rows.length > 0 && rows.every((row) => /^([-\d]|$)/.test(row[i] ?? '')))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [paint('dim', line(headings)), ...rows.map(line)].join('\n')
}
