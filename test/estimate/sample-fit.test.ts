import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fitTrials, type Trial } from '../../lib/estimate/sample-fit.ts'

const MB = 1e6
const trial = (bytes: number, workSeconds: number, { resultBytes = 100, around = 0.2 } = {}): Trial => {
  return { bytes, workSeconds, seconds: workSeconds + around, resultBytes }
}
const ALL = { allBytes: 100 * MB, maxResultBytes: 256 * 1024 }

describe('the fit of trials', () => {
  test('uses the slope, not the mean, because every run has a fixed cost', () => {
    const trials = [trial(0.25 * MB, 2), trial(1 * MB, 0.6), trial(5 * MB, 1)]
    const learned = fitTrials(trials, ALL)!
    expect(learned.bytesPerSecond.value).toBeCloseTo(10 * MB)
    // Half a second of fixed work, and 0.2 s of overhead.
    expect(learned.startSeconds.value).toBeCloseTo(0.7)
  })

  test('takes the cold start’s extra time from the first trial', () => {
    const { startSeconds } = fitTrials(
      [trial(0.25 * MB, 2, { around: 1 }), trial(1 * MB, 0.1), trial(5 * MB, 0.5)],
      ALL,
    )!
    expect(startSeconds.value).toBeCloseTo(0.2)
    expect(startSeconds.high).toBeGreaterThan(2)
  })

  test('takes the faster of two trials on the same bytes, because noise only slows', () => {
    const trials = [trial(0.25 * MB, 1), trial(1 * MB, 0.2), trial(9 * MB, 3), trial(9 * MB, 1)]
    expect(fitTrials(trials, ALL)!.bytesPerSecond.value).toBeCloseTo(10 * MB)
  })

  test('uses the mean of a single trial, with a wide interval', () => {
    const { bytesPerSecond } = fitTrials([trial(1 * MB, 0.5)], ALL)!
    expect(bytesPerSecond).toEqual({ low: (2 * MB) / 1.5, value: 2 * MB, high: 8 * MB })
  })

  test('is absent if the trials read nothing', () => {
    expect(fitTrials([], ALL)).toBeUndefined()
    expect(fitTrials([trial(0, 1)], ALL)).toBeUndefined()
  })

  test.each([
    ['stays as it is, if it did not grow', [100, 100, 100], 100],
    ['grows in proportion, if it did', [100, 200, 400], 20_000],
    ['grows with the root, if it did', [100, 141.42, 200], 1414],
  ])('the result %s', (_, [a, b, c], expected) => {
    const trials = [a, b, c].map((resultBytes, i) =>
      trial(2 ** i * 0.5 * MB, 2 ** i * 0.1, { resultBytes: resultBytes! }),
    )
    expect(fitTrials(trials, ALL)!.resultBytes.value).toBeCloseTo(expected, -1)
  })

  test('a result never exceeds its limit', () => {
    const trials = [trial(1 * MB, 0.1, { resultBytes: 90_000 }), trial(2 * MB, 0.2, { resultBytes: 180_000 })]
    expect(fitTrials(trials, ALL)!.resultBytes).toEqual({ low: 180_000, value: 262_144, high: 262_144 })
  })

  test('every interval contains its best guess, for any trials', () => {
    const anyTrial = fc.record({
      bytes: fc.integer({ min: 1, max: 1e9 }),
      workSeconds: fc.double({ min: 1e-3, max: 100, noNaN: true }),
      around: fc.double({ min: 0, max: 10, noNaN: true }),
      resultBytes: fc.integer({ min: 0, max: 262_144 }),
    })
    fc.assert(
      fc.property(fc.array(anyTrial, { minLength: 1, maxLength: 6 }), (drawn) => {
        const trials = drawn
          .map(({ around, ...rest }) => ({ ...rest, seconds: rest.workSeconds + around }))
          .sort((a, b) => a.bytes - b.bytes)
        for (const { low, value, high } of Object.values(fitTrials(trials, { ...ALL, allBytes: 1e10 })!)) {
          expect(low).toBeLessThanOrEqual(value)
          expect(value).toBeLessThanOrEqual(high)
          expect(Number.isFinite(low) && low >= 0 && Number.isFinite(high)).toBe(true)
        }
      }),
    )
  })
})
