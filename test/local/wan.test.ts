import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CLIENT } from '../../lib/client-name.ts'
import {
  createLine,
  cutPieces,
  FORGIVEN_MS,
  type Line,
  lateness,
  pieceBytes,
  planDepartures,
  transmitMs,
} from '../../lib/local/pacing.ts'
import { type Clock, createSender, createWan, type LinkFigures, paced } from '../../lib/local/wan.ts'

/** A clock that jumps: a sleep ends when nobody has anything else to do, in the order of the alarms. */
function createJumpingClock(lateMs = 0): Clock & { settle(): Promise<void> } {
  let now = 0
  const alarms: { at: number; ring: () => void }[] = []
  return {
    now: () => now,
    sleep: (ms) => new Promise((ring) => alarms.push({ at: now + ms + lateMs, ring })),
    async settle() {
      for (;;) {
        await new Promise(setImmediate)
        const next = alarms.sort((a, b) => a.at - b.at).shift()
        if (next === undefined) return
        now = Math.max(now, next.at)
        next.ring()
      }
    },
  }
}

const MEGABIT = 1_000_000

describe('the plan of a line', () => {
  test('a megabyte takes 160 ms at 50 Mbit/s', () => {
    expect(transmitMs(1_000_000, 50 * MEGABIT)).toBe(160)
    expect(planDepartures([createLine(50 * MEGABIT)], 1000, 1_000_000)).toEqual([1160])
  })

  test('pieces queue; after a pause the line starts anew', () => {
    const line = createLine(8 * MEGABIT) // a byte per microsecond
    expect(planDepartures([line], 0, 5000)).toEqual([5])
    expect(planDepartures([line], 1, 5000)).toEqual([10])
    expect(planDepartures([line], 100, 5000)).toEqual([105])
  })

  test('two lines in a row: the slower one sets the pace', () => {
    const lines = [createLine(80 * MEGABIT), createLine(8 * MEGABIT)]
    const departures = [1, 2, 3].map(() => planDepartures(lines, 0, 1000).at(-1))
    expect(departures).toEqual([1.1, 2.1, 3.1].map((ms) => expect.closeTo(ms, 6)))
  })

  test('a line never carries more than its rate, whoever asks when', () => {
    const requests = fc.array(fc.record({ wait: fc.nat({ max: 30 }), bytes: fc.integer({ min: 1, max: 100_000 }) }), {
      minLength: 1,
    })
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 1000 }), (pieces, megabits) => {
        const line = createLine(megabits * MEGABIT)
        let now = 0
        let free = 0
        for (const { wait, bytes } of pieces) {
          now += wait
          const left = planDepartures([line], now, bytes)[0]!
          const began = left - transmitMs(bytes, line.bitsPerSecond)
          expect(began).toBeGreaterThanOrEqual(Math.max(now, free) - 1e-6)
          free = left
        }
      }),
    )
  })

  test('a late return is forgiven up to half a second, an early one needs no pardon', () => {
    expect(lateness(1000, 993)).toBe(7)
    expect(lateness(1000, 1020)).toBe(0)
    expect(lateness(10_000, 1000)).toBe(FORGIVEN_MS)
  })

  test('a turn is 5 ms of the slowest line, between 4 and 64 KiB', () => {
    const turn = (...megabits: number[]) => pieceBytes(megabits.map((rate) => createLine(rate * MEGABIT)))
    expect(turn(50)).toBe(31_250)
    expect(turn(50, 5000)).toBe(31_250)
    expect(turn(1)).toBe(4096)
    expect(turn(5000)).toBe(65_536)
  })

  test('cutting loses nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (chunk, size) => {
        const pieces = cutPieces(chunk, size)
        expect(Buffer.concat(pieces)).toEqual(Buffer.from(chunk))
        expect(pieces.every((piece) => piece.length > 0 && piece.length <= size)).toBe(true)
      }),
    )
  })
})

describe('streams on a line', () => {
  async function* body(bytes: number, chunk = 65_536) {
    for (let left = bytes; left > 0; left -= chunk) yield Buffer.alloc(Math.min(left, chunk))
  }

  /** Runs streams side by side; tells when each had received its last byte, in milliseconds. */
  async function run(lines: readonly Line[], sizes: readonly number[], lateMs = 0): Promise<number[]> {
    const clock = createJumpingClock(lateMs)
    const ends = sizes.map(async (size) => {
      const stream = paced(body(size), lines, createSender(lines, clock))
      let bytes = 0
      for await (const piece of stream) bytes += piece.length
      expect(bytes).toBe(size)
      return clock.now()
    })
    await clock.settle()
    return Promise.all(ends)
  }

  test('one alone has the whole line', async () => {
    const [end = 0] = await run([createLine(50 * MEGABIT)], [8_000_000])
    expect(end).toBeGreaterThan(1279)
    expect(end).toBeLessThanOrEqual(1281)
  })

  test('a second line in a row costs no pace, only its own time for the last piece', async () => {
    const [end = 0] = await run([createLine(50 * MEGABIT), createLine(300 * MEGABIT)], [8_000_000])
    expect(end).toBeGreaterThan(1279)
    expect(end).toBeLessThanOrEqual(1282)
  })

  test.each([7, 200])('timers that ring %i ms late don’t slow it down', async (lateMs) => {
    const [end = 0] = await run([createLine(50 * MEGABIT)], [8_000_000], lateMs)
    expect(end).toBeGreaterThan(1279)
    expect(end).toBeLessThanOrEqual(1281 + lateMs)
  })

  test('a source that pauses gets nothing for its pause', async () => {
    const lines = [createLine(8 * MEGABIT)]
    const clock = createJumpingClock()
    async function* source() {
      yield Buffer.alloc(4000)
      await clock.sleep(300)
      yield Buffer.alloc(4000)
      yield Buffer.alloc(4000)
    }
    const arrivals: number[] = []
    const reading = (async () => {
      for await (const _ of paced(source(), lines, createSender(lines, clock))) arrivals.push(clock.now())
    })()
    await clock.settle()
    await reading
    expect(arrivals).toEqual([4, 308, 312])
  })

  test('four of a size share evenly, and fill the line together', async () => {
    const ends = await run([createLine(50 * MEGABIT)], [2_000_000, 2_000_000, 2_000_000, 2_000_000])
    for (const end of ends) {
      expect(end).toBeGreaterThan(1250)
      expect(end).toBeLessThanOrEqual(1281)
    }
  })

  test('a short one is not held up by a long one', async () => {
    const [short = 0, long = 0] = await run([createLine(50 * MEGABIT)], [500_000, 8_000_000])
    expect(short).toBeLessThan(170) // twice its 80 ms, not the long one's second and more
    expect(long).toBeGreaterThan(1350)
  })

  test('streams of two regions share the home line, each within its own haul', async () => {
    const client = createLine(50 * MEGABIT)
    const clock = createJumpingClock()
    const download = async (lines: readonly Line[], size: number) => {
      for await (const _ of paced(body(size), lines, createSender(lines, clock)));
      return clock.now()
    }
    const slow = download([client, createLine(10 * MEGABIT)], 1_000_000)
    const fast = download([client, createLine(1000 * MEGABIT)], 4_000_000)
    await clock.settle()
    for (const end of await Promise.all([slow, fast])) {
      expect(end).toBeGreaterThan(780)
      expect(end).toBeLessThanOrEqual(850)
    }
  })

  test('the source is read no further than one piece ahead', async () => {
    const lines = [createLine(8 * MEGABIT)]
    const clock = createJumpingClock()
    let read = 0
    async function* source() {
      for (;;) {
        read++
        yield Buffer.alloc(pieceBytes(lines))
      }
    }
    const stream = paced(source(), lines, createSender(lines, clock))
    const first = stream.next()
    await clock.settle()
    await first
    expect(read).toBe(1)
    await stream.return(undefined)
  })
})

describe('the map', () => {
  const figures: LinkFigures = {
    rttMs: (from, to) => (from === to ? 1 : 90),
    bitsPerSecond: () => 1000 * MEGABIT,
  }
  const regions = ['us-east-1', 'eu-west-1']

  test('home is near its region, behind an access line', () => {
    const wan = createWan({ regions, figures, accessRttMs: 5 })
    expect(wan.path(CLIENT, 'us-east-1')).toMatchObject({ rttMs: 6, there: [{ bitsPerSecond: 50 * MEGABIT }] })
    expect(wan.path(CLIENT, 'eu-west-1')).toMatchObject({
      rttMs: 95,
      there: [{ bitsPerSecond: 50 * MEGABIT }, { bitsPerSecond: 1000 * MEGABIT }],
    })
  })

  test('home may be near a region that the cloud does not have', () => {
    const wan = createWan({ regions, figures, near: 'ap-south-1', clientBps: 10 * MEGABIT })
    expect(wan.path(CLIENT, 'us-east-1')).toMatchObject({ rttMs: 95, back: [{ bitsPerSecond: 10 * MEGABIT }, {}] })
  })

  test('all regions share the home line, each direction its own', () => {
    const wan = createWan({ regions, figures })
    const [near, far] = regions.map((region) => wan.path(CLIENT, region))
    expect(near?.there[0]).toBe(far?.there[0])
    expect(near?.back[0]).toBe(far?.back[0])
    expect(near?.there[0]).not.toBe(near?.back[0])
  })

  test('between regions there is no home line, and inside a region no path', () => {
    const wan = createWan({ regions, figures })
    expect(wan.path('us-east-1', 'eu-west-1')).toMatchObject({ rttMs: 90, there: [{ bitsPerSecond: 1000 * MEGABIT }] })
    expect(wan.path('us-east-1', 'us-east-1')).toBeUndefined()
  })

  test('what one direction carries is what the other one brings', () => {
    const wan = createWan({ regions, figures })
    expect(wan.path('us-east-1', 'eu-west-1')?.there[0]).toBe(wan.path('eu-west-1', 'us-east-1')?.back[0])
  })

  test('a region without figures is found at the start', () => {
    const unknown: LinkFigures = {
      ...figures,
      rttMs: () => {
        throw new Error('no figures')
      },
    }
    expect(() => createWan({ regions, figures: unknown })).toThrow('no figures')
  })
})
