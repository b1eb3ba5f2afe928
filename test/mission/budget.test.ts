import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CLIENT } from '../../lib/client-name.ts'
import { lambdaUsdPerGBSecond } from '../../lib/gravity/prices.ts'
import { affordable, startMeter, wallMsWithin } from '../../lib/mission/budget.ts'

const US = 'us-east-1'
const part = (usd: number, place: string = US) => ({ region: US, place, usd })

describe('what is started under a ceiling', () => {
  test('is all of it without one', () => {
    const parts = [part(5), part(1)]
    expect(affordable(parts)).toEqual(parts)
  })

  test('is the cheapest parts that fit, in their own order', () => {
    const [a, b, c] = [part(5), part(1), part(2)]
    expect(affordable([a, b, c], 4)).toEqual([b, c])
    expect(affordable([a, b, c], 0.5)).toEqual([])
  })

  test('never adds up to more than the ceiling', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 10, noNaN: true })),
        fc.double({ min: 0, max: 30, noNaN: true }),
        (usd, max) => {
          const started = affordable(
            usd.map((amount) => part(amount)),
            max,
          )
          expect(started.reduce((sum, { usd: amount }) => sum + amount, 0)).toBeLessThanOrEqual(max + 1e-9)
        },
      ),
    )
  })
})

describe('the wall time that functions get', () => {
  test('is what the money pays for, in all regions together', () => {
    const usdPerSecond = 2 * (1769 / 1024) * lambdaUsdPerGBSecond(US, 'arm64')
    expect(wallMsWithin([US, US], { maxUsd: 10 * usdPerSecond })).toBeCloseTo(10_000, -1)
  })

  test('is the time there is, if that is less', () => {
    expect(wallMsWithin([US], { maxUsd: 100, maxSeconds: 7 })).toBe(7000)
  })

  test('has no end where nothing is paid for', () => {
    expect(wallMsWithin([CLIENT], { maxUsd: 1e-9 })).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a meter', () => {
  let now = 0
  beforeEach(() => {
    now = 0
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const pass = (ms: number) => {
    now += ms
    vi.advanceTimersByTime(ms)
  }

  test('stops when the time is over, with a sentence for a reason', () => {
    using meter = startMeter({ maxSeconds: 5 }, undefined, () => now)
    pass(4900)
    expect(meter.signal.aborted).toBe(false)
    pass(200)
    expect(meter.signal.reason).toBe('the run has taken the 5 s that it may take')
  })

  test('stops when functions have run for as much as the money pays', () => {
    const perSecond = (1769 / 1024) * lambdaUsdPerGBSecond(US, 'arm64')
    using meter = startMeter({ maxUsd: 10 * perSecond }, undefined, () => now)
    meter.read(part(0), 0)
    pass(9000)
    expect(meter.signal.aborted).toBe(false)
    pass(2000)
    expect(meter.signal.reason).toMatch(/^the run has come to \$/)
  })

  test('counts what is moved over the internet, beyond what a month has free', () => {
    using meter = startMeter({ maxUsd: 1 }, undefined, () => now)
    meter.read(part(0, CLIENT), 101 * 2 ** 30)
    pass(200)
    expect(meter.signal.aborted).toBe(false)
    meter.read(part(0, CLIENT), 150 * 2 ** 30)
    pass(200)
    expect(meter.signal.aborted).toBe(true)
  })

  test('does not count a part any further once it has ended', () => {
    const perSecond = (1769 / 1024) * lambdaUsdPerGBSecond(US, 'arm64')
    using meter = startMeter({ maxUsd: 10 * perSecond }, undefined, () => now)
    const ended = part(0)
    meter.read(ended, 0)
    pass(5000)
    meter.end(ended)
    pass(60_000)
    expect(meter.signal.aborted).toBe(false)
  })
})
