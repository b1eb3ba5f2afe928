import type { Progress } from '../../lib/sandbox/contract/job.ts'
import { bytes, paint } from './output.ts'

/** A bar a region, drawn in place on a terminal; silent where nobody looks. */
export interface ProgressBars {
  update(region: string, progress: Progress): void
  /** @param good whether the region did what it was asked for */
  finish(region: string, word: string, good: boolean): void
}

const WIDTH = 24
const SILENT: ProgressBars = { update() {}, finish() {} }

const NO_WRAP = '\x1b[?7l'
const WRAP = '\x1b[?7h'
const CLEAR_LINE = '\x1b[2K'

/**
 * Makes the bars. Between two drawings the cursor stands below them, so whatever is printed then, or left when the
 * program is ended, comes after the bars and not into them.
 *
 * @param regions in the order they are drawn
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
    finish(region, word, good) {
      if (!lines.has(region)) return
      const bar = good ? paint('green', filledBar(1), process.stderr) : paint('red', filledBar(0), process.stderr)
      lines.set(region, `${region.padEnd(15)} ${bar} ${word}`)
      draw()
    },
  }
}

/** One region's line: how far it is where that is known, a mark that moves with the bytes where it is not. */
export function barLine(region: string, { bytesRead, objects, fraction }: Progress, word = ''): string {
  const share = fraction === undefined ? '' : ` ${String(Math.round(fraction * 100)).padStart(3)}%`
  const bar = paint('cyan', fraction === undefined ? movingMark(bytesRead) : filledBar(fraction), process.stderr)
  const read = objects === 0 ? word : `${bytes(bytesRead)} from ${objects} ${objects === 1 ? 'object' : 'objects'}`
  return `${region.padEnd(15)} ${bar}${share} ${read}`
}

function filledBar(fraction: number): string {
  const filled = Math.round(fraction * WIDTH)
  return '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
}

const MARK = 3
const BYTES_PER_STEP = 500_000

/** A mark that goes on by a step with every half megabyte, and starts again at the end. */
function movingMark(bytesRead: number): string {
  const at = Math.floor(bytesRead / BYTES_PER_STEP) % (WIDTH - MARK + 1)
  return bytesRead === 0 ? '░'.repeat(WIDTH) : '░'.repeat(at) + '█'.repeat(MARK) + '░'.repeat(WIDTH - MARK - at)
}
