/** The histograms as pictures: bars in the terminal, and an SVG. */
import type { TopLevelSpec } from 'vega-lite'
import { drawSvg } from '../../scripts/drawing/draw-svg.ts'
import { paint } from '../../scripts/terminal/output.ts'
import type { Histogram } from './simulation.ts'

/** Trees by their number of discs, as the mean of several runs. */
export interface Series {
  readonly name: string
  readonly trees: readonly number[]
}

/** Returns the mean of several histograms. */
export function meanOf(histograms: readonly Histogram[]): number[] {
  const length = Math.max(...histograms.map((histogram) => histogram.length))
  return Array.from({ length }, (_, discs) => {
    const trees = histograms.map((histogram) => histogram[discs] ?? 0)
    return trees.reduce((sum, count) => sum + count, 0) / histograms.length
  })
}

const WIDTH = 48

/** Draws a bar for each number of discs from one up. The length is the logarithm of the number of trees. */
export function barChart({ trees }: Series): string {
  const decades = Math.log10(Math.max(...trees.slice(1)) * 10)
  return trees
    .slice(1)
    .map((count, index) => {
      const length = Math.max(1, Math.round((Math.log10(Math.max(count, 0.1) * 10) / decades) * WIDTH))
      return `${index + 1} ${paint('cyan', '█'.repeat(length))} ${Number(count.toFixed(1)).toLocaleString('en')}`
    })
    .join('\n')
}

/** Draws the bars of several histograms side by side, on a logarithmic scale. */
export async function histogramSvg(series: readonly Series[]): Promise<string> {
  const values = series.flatMap(({ name, trees }) =>
    trees.flatMap((count, discs) => (discs === 0 || count < 0.1 ? [] : [{ name, discs, trees: count, floor: 0.05 }])),
  )
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: '600,000 discs under 2,000,000 trees: trees by their discs, a run’s mean',
    width: 560,
    height: 300,
    background: 'white',
    data: { values },
    mark: { type: 'bar', tooltip: false },
    encoding: {
      x: { field: 'discs', type: 'ordinal', title: 'discs under a tree', axis: { labelAngle: 0 } },
      xOffset: { field: 'name', sort: series.map(({ name }) => name) },
      y: { field: 'trees', type: 'quantitative', scale: { type: 'log', domainMin: 0.05 }, title: 'trees' },
      y2: { field: 'floor' },
      color: {
        field: 'name',
        sort: series.map(({ name }) => name),
        scale: { range: ['#b0b7c3', '#3b6fb6', '#e08a3c'] },
        title: null,
      },
    },
  }
  return drawSvg(spec)
}
