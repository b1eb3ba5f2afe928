import type { TopLevelSpec } from 'vega-lite'
import { type HistoryLine, type HistoryLineName, historyLines, todaysReads } from './history.ts'
import { formatLink, formatSeconds } from './units.ts'

/**
 * The picture as a Vega-Lite specification. It is plain data, so that this module needs no renderer.
 */

// Okabe and Ito's colours, which colour-blind readers can tell apart.
const COLOURS: Readonly<Record<HistoryLineName, string>> = {
  'server Ethernet': '#D55E00',
  'the drive itself': '#0072B2',
  'office network': '#009E73',
}
const INK = '#1a1a1a'
const MUTED = '#6b6b6b'
const FONT = 'Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif'

/** The width of the labels of the time axis, so that the caption is aligned with them. */
const AXIS_WIDTH = 92

const LAST_YEAR = 2026
const YEARS = [1981.5, 2027] as const

const MINUTE = 60
const HOUR = 3_600
const DAY = 86_400
const MONTH = 30 * DAY

/**
 * The chart of four decades: how long it takes to read a full drive, as the three lines of {@link historyLines}, and how
 * long it takes today to read as many bytes out of S3.
 *
 * @example
 * ```ts
 * const svg = await drawSvg(curveSpec())
 * ```
 */
export function curveSpec(): TopLevelSpec {
  const lines = historyLines()
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    // Without a canvas, Vega overestimates the width of text by half, so the space at the right is reduced.
    padding: { left: 28, top: 28, bottom: 28, right: -200 },
    width: 900,
    height: 500,
    title: {
      text: 'How long it takes to empty a drive',
      subtitle: [
        'Over server Ethernet it is a saw-tooth: every new speed resets it. At the drive’s own rate, and over the',
        'network on the desk, it took less than a minute in the 1980s and takes about a day now.',
      ],
      anchor: 'start',
      fontSize: 26,
      subtitleFontSize: 15,
      subtitleColor: MUTED,
      subtitlePadding: 8,
      subtitleLineHeight: 20,
      offset: 24,
    },
    layer: [...lines.map(seriesLayer), pointLayer(lines), lineLabels(), speeds(lines), ...today(), caption()],
    config: {
      font: FONT,
      title: { color: INK, font: FONT, subtitleFont: FONT },
      axis: {
        labelColor: MUTED,
        labelFontSize: 13,
        titleColor: MUTED,
        domain: false,
        ticks: false,
        gridColor: '#e6e6e6',
        labelPadding: 8,
      },
      view: { stroke: null },
    },
  } as TopLevelSpec
}

const x = {
  field: 'year',
  type: 'quantitative',
  scale: { domain: YEARS, nice: false },
  axis: { values: [1985, 1990, 1995, 2000, 2005, 2010, 2015, 2020, 2025], format: 'd', grid: false, title: null },
} as const

const y = {
  field: 'seconds',
  type: 'quantitative',
  scale: { type: 'log', domain: [10, 2.5 * MONTH], nice: false },
  axis: {
    title: null,
    values: [10, MINUTE, 10 * MINUTE, HOUR, DAY, 7 * DAY, MONTH],
    minExtent: AXIS_WIDTH,
    labelExpr: `{'10':'10 seconds','60':'1 minute','600':'10 minutes','3600':'1 hour','86400':'1 day','604800':'1 week','2592000':'1 month'}[datum.value]`,
  },
} as const

function seriesLayer({ name, points }: HistoryLine) {
  return {
    data: { values: points.map(({ year, seconds }) => ({ year, seconds })) },
    mark: { type: 'line', color: COLOURS[name], strokeWidth: 3, strokeJoin: 'round', clip: true },
    encoding: { x, y },
  }
}

/** Points are filled if every figure has a source, and hollow if the usual network of the year is an estimate. */
function pointLayer(lines: readonly HistoryLine[]) {
  const values = lines.flatMap(({ name, points }) =>
    points.map(({ year, seconds, sourced, drive }) => ({
      year,
      seconds,
      drive,
      colour: COLOURS[name],
      fill: sourced ? COLOURS[name] : 'white',
    })),
  )
  return {
    data: { values },
    mark: { type: 'point', size: 60, strokeWidth: 2, opacity: 1 },
    encoding: {
      x,
      y,
      stroke: { field: 'colour', type: 'nominal', scale: null },
      fill: { field: 'fill', type: 'nominal', scale: null },
      tooltip: { field: 'drive', type: 'nominal' },
    },
  }
}

interface Label {
  readonly year: number
  readonly seconds: number
  readonly text: string
  readonly colour: string
}

function labelLayer(values: readonly Label[], mark: Readonly<Record<string, unknown>>) {
  return {
    data: { values },
    mark: { type: 'text', ...mark },
    encoding: { x, y, text: { field: 'text' }, color: { field: 'colour', type: 'nominal', scale: null } },
  }
}

/** Labels beside the lines, at years without other lines nearby, instead of a legend. */
function lineLabels() {
  const labels: Label[] = [
    { year: 1998.6, seconds: 52_000, text: 'over server Ethernet', colour: COLOURS['server Ethernet'] },
    { year: 2009.6, seconds: 430, text: 'at the drive’s own rate', colour: COLOURS['the drive itself'] },
    { year: 2011.4, seconds: 64_000, text: 'over the office network', colour: COLOURS['office network'] },
  ]
  return labelLayer(labels, { fontSize: 16, fontWeight: 'bold', align: 'center' })
}

/** Labels with the network speed, at the last point of each speed. */
function speeds(lines: readonly HistoryLine[]) {
  const points = lines.find(({ name }) => name === 'server Ethernet')!.points
  const tips = points.filter(
    ({ networkBitsPerSecond }, index) => networkBitsPerSecond !== points[index + 1]?.networkBitsPerSecond,
  )
  const labels = tips.map(({ year, seconds, networkBitsPerSecond }) => ({
    year,
    seconds,
    text: formatLink(networkBitsPerSecond!).replace('bps', 'bit/s'),
    colour: COLOURS['server Ethernet'],
  }))
  return labelLayer(labels, { fontSize: 12, dy: -14, align: 'center' })
}

/** The points at the right edge: reading a full drive's bytes out of S3 today. */
function today() {
  const { bytes, reads } = todaysReads()
  const values = reads.map(({ label, seconds }) => ({
    year: LAST_YEAR,
    seconds,
    text: `${formatSeconds(seconds)}: ${label}`,
    colour: INK,
  }))
  const heading = { year: LAST_YEAR, seconds: 2.2 * MONTH, text: `Today, ${bytes / 1e12} TB out of S3`, colour: INK }
  const label = { fontSize: 13, align: 'left', dx: 12, baseline: 'middle' }
  // A Lambda function and a connection are about as fast, so one of their labels moves down.
  const below = values.filter(({ seconds }, index) => index > 0 && seconds > 0.8 * values[index - 1]!.seconds)
  return [
    {
      data: { values },
      mark: { type: 'point', shape: 'diamond', size: 90, filled: true, opacity: 1, color: INK },
      encoding: { x, y },
    },
    labelLayer(
      values.filter((value) => !below.includes(value)),
      label,
    ),
    labelLayer(below, { ...label, dy: 17 }),
    labelLayer([heading], { ...label, fontWeight: 'bold' }),
  ]
}

/** The sources of the figures, below the chart. */
function caption() {
  const text = [
    'seconds = bytes / line rate, or / the drive’s sustained rate; the slower one holds. Hollow: the usual network of that year is a judgement. Blue: fast drives, in 2021 a large one.',
    'Drives and Ethernet: Hennessy & Patterson, Computer Architecture, 6th ed., Fig. 1.10; Icy Dock after Disk/Trend; CSUDH Ethernet timetable; press of 2018–2026.',
    'S3 and Lambda: AWS performance guidelines (85 MB/s a connection); Bodner et al. 2025 (75 MiB/s a function); SkyStore 2023 (22 MB/s between regions, median).',
  ]
  return {
    data: { values: [{}] },
    mark: { type: 'text', align: 'left', baseline: 'top', fontSize: 11, lineHeight: 16, color: MUTED, clip: false },
    encoding: { x: { value: -AXIS_WIDTH - 16 }, y: { value: 545 }, text: { value: text } },
  }
}
