import { expect, test } from 'vitest'
import { barLine, createProgressBars } from '../../scripts/terminal/progress-bars.ts'

test('draws and prints a known share', () => {
  const line = barLine('eu-west-1', { bytesRead: 1_500_000, objects: 2, fraction: 0.25 })
  expect(line).toBe('eu-west-1       ██████░░░░░░░░░░░░░░░░░░  25% 1.5 MB from 2 objects')
})

test('draws an unknown share as a mark that moves with the bytes and stays in the bar', () => {
  const bars = [0, 1e6, 5e6, 9e6, 10.5e6, 11e6, 1e12].map((bytesRead) =>
    barLine('r', { bytesRead, objects: 1 }).slice(16, 40),
  )
  expect(bars.every((bar) => /^[█░]{24}$/.test(bar))).toBe(true)
  expect(new Set(bars.slice(0, 4)).size).toBe(4)
})

test('draws nothing without a terminal', () => {
  const written: string[] = []
  const stream = { isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
  const bars = createProgressBars(['eu-west-1'], { stream })
  bars.update('eu-west-1', { bytesRead: 1, objects: 1 })
  expect(written).toEqual([])
})

test('on a terminal every region keeps its own line', () => {
  const written: string[] = []
  const stream = { isTTY: true, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
  const bars = createProgressBars(['eu-west-1', 'us-east-1'], { stream })
  bars.finish('us-east-1', 'completed in 3 s', true)
  const [first, second] = written.at(-1)!.split('\n')
  expect(first).toContain('eu-west-1')
  expect(second).toMatch(/us-east-1.*completed in 3 s/)
})
