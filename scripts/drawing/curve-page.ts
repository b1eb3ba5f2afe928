import { historyLines, todaysReads } from '../../lib/gravity/history.ts'
import { formatLink, formatSeconds } from '../../lib/gravity/units.ts'

/** An HTML page with the picture, and a table of every point and its source. It has no scripts and loads nothing. */
export function curvePage(svg: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>How long it takes to empty a drive</title>
<style>
  body { font: 15px/1.5 "Helvetica Neue", Helvetica, Arial, sans-serif; color: #1a1a1a; margin: 2rem auto; max-width: 78rem; padding: 0 1rem }
  svg { width: 100%; height: auto }
  table { border-collapse: collapse; font-size: 13px; margin-bottom: 2rem }
  th, td { text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid #e6e6e6; vertical-align: top }
  caption { text-align: left; font-weight: bold; padding: .5rem 0 }
</style>
<figure>${svg}</figure>
${historyLines().map(lineTable).join('\n')}
${todayTable()}
</html>
`
}

function lineTable({ name, points }: ReturnType<typeof historyLines>[number]): string {
  const rows = points.map(({ year, drive, networkBitsPerSecond, seconds, source, sourced }) => [
    `${year}${sourced ? '' : ' *'}`,
    drive,
    networkBitsPerSecond === undefined ? '' : formatLink(networkBitsPerSecond),
    formatSeconds(seconds),
    source,
  ])
  return table(name, ['year', 'drive', 'network', 'time', 'source'], rows)
}

function todayTable(): string {
  const { bytes, reads } = todaysReads()
  const rows = reads.map(({ label, bytesPerSecond, seconds }) => [
    label,
    `${Math.round(bytesPerSecond / 1e6).toLocaleString('en-US')} MB/s`,
    formatSeconds(seconds),
  ])
  return `${table(`today: ${bytes / 1e12} TB out of S3`, ['by', 'rate', 'time'], rows)}
<p>* The drive, or the network that was usual in that year, is an estimate or comes from a secondary source.</p>`
}

const table = (title: string, head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table><caption>${escapeHtml(title)}</caption>
<tr>${head.map((cell) => `<th>${escapeHtml(cell)}</th>`).join('')}</tr>
${rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`).join('\n')}
</table>`

const escapeHtml = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
