import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Progress } from '../../../lib/sandbox/contract/job.ts'
import { ProgressReporter } from '../../../lib/sandbox/parent/progress.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function reporter(): { progress: ProgressReporter; reports: Progress[] } {
  const reports: Progress[] = []
  return { progress: new ProgressReporter((report) => reports.push(report), Date.now), reports }
}

test('bytes come in steps of 64 KiB, fractions in whole percents', () => {
  const { progress, reports } = reporter()
  progress.read(100_000, 1)
  vi.advanceTimersByTime(200)
  progress.fraction(0.5049)
  expect(reports).toEqual([
    { bytesRead: 65_536, objects: 1 },
    { bytesRead: 65_536, objects: 1, fraction: 0.5 },
  ])
})

test('there are at most five reports a second, and the last one is not lost', () => {
  const { progress, reports } = reporter()
  for (let percent = 0; percent <= 100; percent++) progress.fraction(percent / 100)
  expect(reports).toHaveLength(1)
  vi.advanceTimersByTime(200)
  expect(reports.map(({ fraction }) => fraction)).toEqual([0, 1])
  vi.advanceTimersByTime(10_000)
  expect(reports).toHaveLength(2)
})

test('after the run nothing is reported', () => {
  const { progress, reports } = reporter()
  progress.fraction(0.1)
  progress.fraction(0.2)
  progress.stop()
  vi.advanceTimersByTime(1000)
  progress.fraction(0.3)
  expect(reports).toHaveLength(1)
})
