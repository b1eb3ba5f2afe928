import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  accuracy,
  addToHistory,
  correctionOf,
  type HistoryEntry,
  lastResultBytes,
  readHistory,
} from '../../lib/estimate/accuracy-history.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'

const US = 'us-east-1'

function entry(
  predicted: number,
  actual: number,
  { agent = 'count@abc', correction = 1, outcome = 'completed' } = {},
): HistoryEntry {
  return {
    lander: FORMAT_VERSION,
    at: '2026-01-01T00:00:00.000Z',
    mission: 'm',
    agent,
    basis: 'assumed',
    outcome,
    predicted: { seconds: predicted, usd: 0.001, lowSeconds: predicted / 2, highSeconds: predicted * 2 },
    actual: { seconds: actual, usd: 0.002 },
    parts: [
      {
        region: US,
        place: US,
        bytes: 1e6,
        resultBytes: 50,
        predictedSeconds: predicted,
        correction,
        actualSeconds: actual,
      },
    ],
  }
}

const PART = { agent: 'count@abc', basis: 'assumed', region: US, place: US } as const

describe('the accuracy of predictions', () => {
  test('is the error in the middle, the bias, and how many lay in their interval', () => {
    const { seconds } = accuracy([entry(1, 1), entry(1, 2), entry(1, 4)])
    expect(seconds).toEqual({ runs: 3, medianError: 0.5, error90: 0.75, bias: 2, withinInterval: 2 / 3 })
  })

  test('is told for money, by basis and by agent as well', () => {
    const report = accuracy([entry(1, 1), entry(1, 2, { agent: 'other@def' })])
    expect(report.usd).toMatchObject({ runs: 2, medianError: 0.5, bias: 2 })
    expect(report.byBasis.assumed?.runs).toBe(2)
    expect(Object.keys(report.byAgent)).toEqual(['count@abc', 'other@def'])
  })

  test('does not count runs that were stopped', () => {
    expect(accuracy([entry(10, 1, { outcome: 'stopped' })]).seconds).toBeUndefined()
  })
})

describe('what the past does to a quote', () => {
  test('is nothing without a past', () => {
    expect(correctionOf([], PART)).toEqual({ factor: 1, runs: 0 })
  })

  test('is believed the more the more runs there are', () => {
    const factors = [1, 3, 20].map((n) => correctionOf(new Array(n).fill(entry(1, 4)), PART).factor)
    expect(factors[0]).toBeCloseTo(2)
    expect(factors[1]).toBeGreaterThan(2.5)
    expect(factors[2]).toBeGreaterThan(3.7)
    expect(Math.max(...factors)).toBeLessThan(4)
  })

  test('compares with what would have been predicted uncorrected, so that corrections don’t pile up', () => {
    const corrected = new Array(20).fill(entry(4, 4, { correction: 4 }))
    expect(correctionOf(corrected, PART).factor).toBeGreaterThan(3.7)
  })

  test('does not move for an outlier', () => {
    const runs = [...new Array(9).fill(entry(1, 2)), entry(1, 10_000)]
    expect(correctionOf(runs, PART).factor).toBeCloseTo(2 ** (10 / 11))
  })

  test('prefers the agent’s own runs, and takes those of others where it has none', () => {
    const runs = [entry(1, 8, { agent: 'other@def' }), entry(1, 2)]
    expect(correctionOf(runs, PART).runs).toBe(1)
    expect(correctionOf(runs, PART).factor).toBeCloseTo(Math.SQRT2)
    expect(correctionOf(runs, { ...PART, agent: 'new@ghi' }).runs).toBe(2)
  })

  test('is not carried over to another place, or to what rested on a trial', () => {
    expect(correctionOf([entry(1, 4)], { ...PART, place: 'client' }).runs).toBe(0)
    expect(correctionOf([entry(1, 4)], { ...PART, basis: 'sampled' }).runs).toBe(0)
  })

  test('makes the next prediction no worse than the last, if runs go on as they went', () => {
    const seconds = fc.double({ min: 0.1, max: 100, noNaN: true })
    fc.assert(
      fc.property(
        seconds,
        fc.double({ min: 0.2, max: 5, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        (s, ratio, n) => {
          const { factor } = correctionOf(new Array(n).fill(entry(s, s * ratio)), PART)
          expect(Math.abs(Math.log(factor / ratio))).toBeLessThanOrEqual(Math.abs(Math.log(1 / ratio)) + 1e-9)
        },
      ),
    )
  })

  test('remembers how large the agent’s last result was there', () => {
    expect(lastResultBytes([entry(1, 1)], { agent: 'count@abc', region: US })).toBe(50)
    expect(lastResultBytes([entry(1, 1)], { agent: 'other@def', region: US })).toBeUndefined()
  })
})

describe('the history’s file', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lander-history-'))
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  test('gives back what was added, and passes over a line that a crash cut off', async () => {
    const path = join(dir, 'client', 'history.jsonl')
    await addToHistory(path, entry(1, 2))
    await appendFile(path, '{"lander":1,"at":"20\n')
    await addToHistory(path, entry(3, 4))
    expect(await readHistory(path)).toEqual([entry(1, 2), entry(3, 4)])
  })

  test('is empty where there is none', async () => {
    expect(await readHistory(join(dir, 'none.jsonl'))).toEqual([])
  })
})
