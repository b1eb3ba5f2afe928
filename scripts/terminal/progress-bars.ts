import type { Progress } from '../../lib/sandbox/contract/job.ts'
import { bytes, paint } from './output.ts'

/** One progress bar for each region, redrawn in place on a terminal. Without a terminal it prints nothing. */
export interface ProgressBars {
  update(region: string, progress: Progress): void
  /** Draws the last state of a region. @param good whether the region succeeded */
  finish(region: string, text: string, good: boolean): void
}

const WIDTH = 24
const SILENT: ProgressBars = { update() {}, finish() {} }

const NO_WRAP = '\x1b[?7l'
const WRAP = '\x1b[?7h'
const CLEAR_LINE = '\x1b[2K'

/**
 * Creates the bars. Between two drawings the cursor is below them, so other output appears after the bars.
 *
 * @param regions in the order in which they are drawn
 */
export function createProgressBars(
  regions: readonly string[],
  { stream = process.stderr, quiet = false }: { stream?: NodeJS.WriteStream; quiet?: boolean } = {},
): ProgressBars {
  if (quiet || !stream.isTTY || regions.length === 0) return SILENT
  const lines = new Map(regions.map((region) => [region, barLine(region, { bytesRead: 0, objects: 0 }, 'waiting')]))
  const draw = (up = `\x1b[${lines.size}A`) =>
    stream.write(`${up}${NO_WRAP}${[...lines.values()].map((line) => `${CLEAR_LINE}${line}\n`).join('')}${WRAP}`)
  draw('')
  return {
    update(region, progress) {
      if (!lines.has(region)) return
      lines.set(region, barLine(region, progress))
      draw()
    },
    finish(region, text, good) {
      if (!lines.has(region)) return
      const bar = good ? paint('green', filledBar(1), process.stderr) : paint('red', filledBar(0), process.stderr)
      lines.set(region, `${region.padEnd(15)} ${bar} ${text}`)
      draw()
    },
  }
}

/** The line of one region: a bar if its progress is known, else a mark that moves with the bytes read. */
export function barLine(region: string, { bytesRead, objects, fraction }: Progress, idleText = ''): string {
  const share = fraction === undefined ? '' : ` ${String(Math.round(fraction * 100)).padStart(3)}%`
  const bar = paint('cyan', fraction === undefined ? movingMark(bytesRead) : filledBar(fraction), process.stderr)
  const read = objects === 0 ? idleText : `${bytes(bytesRead)} from ${objects} ${objects === 1 ? 'object' : 'objects'}`
  return `${region.padEnd(15)} ${bar}${share} ${read}`
}

function filledBar(fraction: number): string {
  const filled = Math.round(fraction * WIDTH)
  return '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
}

const MARK = 3
const BYTES_PER_STEP = 500_000

/** A mark that moves one step for each half megabyte, and starts again at the left. */
function movingMark(bytesRead: number): string {
  const at = Math.floor(bytesRead / BYTES_PER_STEP) % (WIDTH - MARK + 1)
  return bytesRead === 0 ? '░'.repeat(WIDTH) : '░'.repeat(at) + '█'.repeat(MARK) + '░'.repeat(WIDTH - MARK - at)
}
