import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CLIENT } from '../../lib/client-name.ts'
import { accuracy, type HistoryEntry } from '../../lib/estimate/accuracy-history.ts'
import { chooseMode } from '../../lib/estimate/choose-mode.ts'
import { explainAccuracy, explainQuote } from '../../lib/estimate/explain-quote.ts'
import { historyEntry } from '../../lib/estimate/history-entry.ts'
import { exactly } from '../../lib/estimate/interval.ts'
import { agentName, type Quote, type QuoteOptions, quoteRun } from '../../lib/estimate/quote.ts'
import type { Sample } from '../../lib/estimate/sampling.ts'
import type { RegionSurvey, Survey } from '../../lib/estimate/survey.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { LONG } from '../support/long.ts'
import { bundleOf } from '../trust/fixture.ts'

const US = 'us-east-1'
const EU = 'eu-west-1'
const NOW = new Date('2026-01-01')
const { manifest: signed } = bundleOf()
const manifest = { ...signed, audience: { fleet: '*', regions: ['*'] } }

const fleet: Fleet = {
  lander: FORMAT_VERSION,
  name: 'test',
  rootKey: 'A'.repeat(43),
  receiptKeys: [],
  regions: [US, EU].map((region) => ({ region, functionName: 'f', agentBucket: `agents-${region}` })),
  client: { region: US, bitsPerSecond: 50e6 },
}

const regionOf = (region: string, bytes: number): RegionSurvey => ({
  region,
  scopes: [{ bucket: `logs-${region}`, prefix: '', actions: ['read'] }],
  bytes,
  objects: bytes > 0 ? 1 : 0,
  complete: true,
  largest: [],
})

function surveyOf(bytes: Readonly<Record<string, number>>): Survey {
  const regions = Object.entries(bytes).map(([region, size]) => regionOf(region, size))
  const sum = (of: (region: RegionSurvey) => number) => regions.reduce((total, region) => total + of(region), 0)
  return { regions, bytes: sum(({ bytes: b }) => b), objects: sum(({ objects }) => objects), complete: true }
}

function quote(options: Partial<QuoteOptions> = {}): Quote {
  const survey = surveyOf({ [US]: 1e9, [EU]: 1e9 })
  return quoteRun({ fleet, manifest, survey, agentBytes: 20_000, now: NOW, ...options })
}

const placesOf = ({ parts }: Quote) => parts.map(({ place }) => place)

const SAMPLE: Sample = {
  regions: [US, EU].map((region) => ({
    region,
    trials: [],
    learned: {
      bytesPerSecond: { low: 80e6, value: 100e6, high: 120e6 },
      startSeconds: exactly(1),
      resultBytes: exactly(500),
    },
  })),
  client: { startSeconds: 0.4, mergeSeconds: 0.1 },
  seconds: 3,
  bytesRead: 1e7,
}

describe('a quote', () => {
  test('sends the agent to much data, and says what fetching it would take', () => {
    const { plan } = quote()
    expect(placesOf(quote())).toEqual([US, EU])
    const [stay, come] = ['code to data', 'data to code'].map((name) => plan.alternatives.find((a) => a.name === name)!)
    // 2 GB over 50 Mbit/s.
    expect(come!.seconds).toBeGreaterThan(320)
    expect(stay!.seconds).toBeLessThan(come!.seconds)
  })

  test('is wide before the agent was tried, and narrow after', () => {
    const width = ({ seconds }: Quote) => seconds!.high / seconds!.low
    const [before, after] = [quote(), quote({ sample: SAMPLE })]
    expect([before.basis, after.basis]).toEqual(['assumed', 'sampled'])
    expect(width(after)).toBeLessThan(2)
    expect(width(before)).toBeGreaterThan(4)
  })

  test('adds up what the trial taught: start, work, the way of the result, merge', () => {
    const { seconds } = quote({ sample: SAMPLE })
    // 1 s of start (that includes a way back), 1 GB at 100 MB/s or at what Lambda's network gives, 0.1 s of merge.
    expect(seconds!.value).toBeGreaterThan(11)
    expect(seconds!.value).toBeLessThan(13)
  })

  test('names the date its prices rest on, and the line it assumes', () => {
    const { client: _, ...unknown } = fleet
    const { plan, notes } = quote({ fleet: unknown })
    expect(plan.pricesAsOf).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect(notes.join()).toMatch(/client's line is unknown; 50 Mbit\/s near us-east-1 is assumed/)
  })

  test('does not offer to gather in one region, and says why', () => {
    const { plan, notes } = quote()
    expect(plan.alternatives.map(({ name }) => name)).not.toContain(`gather in ${US}`)
    expect(notes.join()).toMatch(/gathering data in one region is not offered/)
  })

  test('is corrected by the runs of the past, and says by how much', () => {
    const first = quote()
    const run = (seconds: number): HistoryEntry => {
      const results = first.parts.map(({ region, place }) => ({ region, place, route: [], bytesMoved: 0, seconds }))
      return historyEntry(first, { at: NOW, mission: 'm', outcome: 'completed', seconds, regions: results })!
    }
    const slow = 3 * first.parts[0]!.seconds
    const later = quote({ history: new Array(9).fill(run(slow)) })
    expect(later.parts[0]!.correction.runs).toBe(9)
    expect(later.parts[0]!.seconds).toBeGreaterThan(2 * first.parts[0]!.seconds)
    expect(explainQuote(later)).toMatch(/Corrected by earlier runs/)
  })

  test('holds its best guess within its interval, whatever the data', () => {
    const bytes = fc.integer({ min: 1, max: 1e12 })
    fc.assert(
      fc.property(bytes, bytes, fc.boolean(), (us, eu, tried) => {
        const { seconds, usd } = quote({ survey: surveyOf({ [US]: us, [EU]: eu }), sample: tried ? SAMPLE : undefined })
        for (const { low, value, high } of [seconds!, usd!]) {
          expect(low).toBeLessThanOrEqual(value * (1 + 1e-9))
          expect(value).toBeLessThanOrEqual(high * (1 + 1e-9))
        }
      }),
      { numRuns: LONG ? 50 : 10 },
    )
  })
})

describe('a quote that can’t be', () => {
  test('of no data is refused with a remedy', () => {
    const empty = () => quote({ survey: surveyOf({ [US]: 0 }) })
    expect(empty).toThrow(expect.objectContaining({ code: 'PROBLEM_INVALID', remedy: expect.stringMatching(/prefix/) }))
    expect(empty).toThrow(/no objects under s3:\/\/logs-us-east-1\//)
  })

  test('a deadline shorter than one start says how long that is', () => {
    const { plan, seconds } = quote({ deadlineSeconds: 0.01, keepData: [US, EU] })
    expect(plan).toMatchObject({ feasible: false, reasons: [expect.stringMatching(/shorter than one start/)] })
    expect(seconds).toBeUndefined()
    expect(explainQuote(quote({ deadlineSeconds: 0.01 }))).toMatch(/There is no plan/)
  })

  test('data that may not leave a region without a function names that region', () => {
    const { plan } = quote({ survey: surveyOf({ [US]: 1e6, 'sa-east-1': 1e6 }), keepData: ['sa-east-1'] })
    expect(plan.feasible).toBe(false)
    expect(plan.reasons.join()).toMatch(/residency of data: group 1 \(sa-east-1\)/)
  })

  test('a result that may not leave its region names that region', () => {
    const { plan } = quote({ keepResults: [EU] })
    expect(plan.feasible).toBe(false)
    expect(plan.reasons.join()).toMatch(/residency of results: .*eu-west-1/)
  })

  test('regions outside the agent’s audience are not planned for', () => {
    const narrow = { ...manifest, audience: { fleet: '*', regions: [US] } }
    expect(placesOf(quote({ manifest: narrow }))).toEqual([US, CLIENT])
  })
})

describe('the way that is taken by itself', () => {
  const little = surveyOf({ [US]: 1000, [EU]: 1000 })
  const slowStart: Sample = {
    ...SAMPLE,
    regions: SAMPLE.regions.map((region) => ({ ...region, learned: { ...region.learned!, startSeconds: exactly(9) } })),
  }
  const choose = (options: Partial<QuoteOptions>) =>
    chooseMode({ fleet, manifest, survey: little, agentBytes: 20_000, now: NOW, ...options })

  test('moves data only where that is better beyond doubt', () => {
    expect(placesOf(choose({ sample: slowStart }))).toEqual([CLIENT, CLIENT])
  })

  test('leaves data where it is when it is a close call, and still shows the other way', () => {
    const { parts, plan, notes } = choose({})
    expect(parts.map(({ place }) => place)).toEqual([US, EU])
    expect(plan.alternatives.map(({ name }) => name)).toContain('data to code')
    expect(notes.join()).toMatch(/not beyond doubt/)
  })

  test('never moves data over a line nobody told of, or of which not all was counted', () => {
    const { client: _, ...unknown } = fleet
    expect(placesOf(choose({ fleet: unknown, sample: slowStart }))).toEqual([US, EU])
    expect(placesOf(choose({ survey: { ...little, complete: false }, sample: slowStart }))).toEqual([US, EU])
  })

  test('a budget decides by itself', () => {
    const free = choose({ budgetUsd: 1e-6 })
    expect(placesOf(free)).toEqual([CLIENT, CLIENT])
  })
})

describe('words', () => {
  test('tell the decision, both times, the money, and no place called internet', () => {
    const text = explainQuote(quote({ sample: SAMPLE }), SAMPLE)
    expect(text).toMatch(/^Decision: the agent moves to us-east-1, eu-west-1\./)
    expect(text).toMatch(/time .*between/)
    expect(text).toMatch(/data to code/)
    expect(text.replaceAll('the internet', '')).not.toMatch(/internet/)
  })

  test('tell the accuracy, or that there is none yet', () => {
    expect(explainAccuracy(accuracy([]))).toMatch(/No run has been recorded/)
  })

  test('an agent is known by its name and its code, whenever it was signed', () => {
    expect(agentName(manifest)).toBe(agentName({ ...manifest, issuedAt: 1, expiresAt: 2 }))
  })
})
