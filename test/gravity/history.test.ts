import { describe, expect, it } from 'vitest'
import { curveSpec } from '../../lib/gravity/curve-spec.ts'
import { historyLines, todaysReads } from '../../lib/gravity/history.ts'
import { curvePage } from '../../scripts/drawing/curve-page.ts'
import { drawSvg } from '../../scripts/drawing/draw-svg.ts'

const [server, own, office] = historyLines()
const secondsIn = (line: typeof server, year: number) => line!.points.find((point) => point.year === year)!.seconds

describe('four decades', () => {
  it('are a saw-tooth over server Ethernet', () => {
    expect([1994, 1998, 2010, 2026].map((year) => secondsIn(server, year))).toEqual([3440, 728, 24_000, 3520])
  })

  it('rise for the drive’s own rate and for the office network', () => {
    expect(secondsIn(own, 1983)).toBe(50)
    expect(Math.round(secondsIn(own, 2003))).toBe(853)
    expect(Math.round(secondsIn(own, 2021) / 3600)).toBe(25)
    expect([1985, 2021].map((year) => secondsIn(office, year))).toEqual([16, 64_000])
  })

  it('are in order, with a source for every point', () => {
    for (const { points } of historyLines()) {
      expect(points.map(({ year }) => year)).toEqual(points.map(({ year }) => year).toSorted((a, b) => a - b))
      for (const { source } of points) expect(source).not.toBe('')
    }
  })

  it('take longer if a transfer gets a smaller share of the line', () => {
    expect(secondsIn(historyLines(0.5)[0], 2010)).toBe(48_000)
  })

  it('end with the rates of S3 and Lambda today', () => {
    const { bytes, reads } = todaysReads()
    expect(bytes).toBe(44e12)
    expect(reads.map(({ label }) => label)).toContain('1,000 Lambdas next to it')
    for (const { seconds, bytesPerSecond } of reads) expect(seconds * bytesPerSecond).toBeCloseTo(bytes, -3)
  })
})

describe('the picture', () => {
  it('is drawn without a browser, with labelled lines and its sources', async () => {
    const svg = await drawSvg(curveSpec())
    expect(svg).toMatch(/^<svg /)
    for (const words of [
      'How long it takes to empty a drive',
      'over server Ethernet',
      'Hennessy',
      'Bodner',
      '1,000 Lambdas',
    ])
      expect(svg).toContain(words)
  })

  it('is a self-contained page', async () => {
    const page = curvePage(await drawSvg(curveSpec()))
    expect(page).toContain('Seagate ST373453')
    expect(page).not.toMatch(/<script|src="http|href="http/)
  })
})
