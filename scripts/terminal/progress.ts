import type { Progress } from '../../lib/sandbox/job.ts'
import { bytes, paint } from './output.ts'

/** A bar a region, drawn in place on a terminal; silent where nobody looks. */
export interface ProgressBars extends Disposable {
  update(region: string, progress: Progress): void
  finish(region: string, word: string): void
}

const WIDTH = 24
const SILENT: ProgressBars = { update() {}, finish() {}, [Symbol.dispose]() {} }

/** Makes the bars. @param regions in the order they are drawn */
export function createProgressBars(
  regions: readonly string[],
  { stream = process.stderr, quiet = false }: { stream?: NodeJS.WriteStream; quiet?: boolean } = {},
): ProgressBars {
  if (quiet || !stream.isTTY) return SILENT
  const lines = new Map(regions.map((region) => [region, barLine(region, { bytesRead: 0, objects: 0 }, 'waiting')]))
  const draw = () =>
    stream.write(`${[...lines.values()].map((line) => `\x1b[2K${line}`).join('\n')}\n\x1b[${lines.size}A`)
  draw()
  return {
    update(region, progress) {
      lines.set(region, barLine(region, progress))
      draw()
    },
    finish(region, word) {
      lines.set(region, `${region.padEnd(15)} ${word}`)
      draw()
    },
    [Symbol.dispose]: () => void stream.write(`\x1b[${lines.size}B`),
  }
}

/** One region's line: a bar where the share is known, what was read where it is not. */
export function barLine(region: string, { bytesRead, objects, fraction }: Progress, word = ''): string {
  const share = fraction === undefined ? '' : ` ${Math.round(fraction * 100)}%`.padStart(5)
  const filled = Math.round((fraction ?? 0) * WIDTH)
  const bar = fraction === undefined ? '' : ` ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`
  const read = objects === 0 ? word : `${bytes(bytesRead)} from ${objects} ${objects === 1 ? 'object' : 'objects'}`
  return `${region.padEnd(15)}${paint('cyan', bar, process.stderr)}${share} ${read}`
}
