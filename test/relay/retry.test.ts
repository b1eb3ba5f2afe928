import { describe, expect, test } from 'vitest'
import { UnreachableError, type WireError } from '../../lib/errors.ts'
import { FIRST_ATTEMPT, type Landed, nextAttempt, TAKEN_UP } from '../../lib/relay/retry.ts'

const unreachable = (code: UnreachableError['code'], cause?: Error): Landed => {
  return { unreachable: new UnreachableError(code, 'it did not answer', { cause }) }
}
const refused = (code: string): Landed => {
  return { reply: { error: { code, situation: 'refused', message: '' } as WireError }, bytesMoved: 0 }
}
const THROTTLED = Object.assign(new Error(), { name: 'TooManyRequestsException' })

describe('a landing is tried again', () => {
  test('at once when its function died', () => {
    for (const code of ['FUNCTION_FAILED', 'REPLY_MALFORMED'] as const)
      expect(nextAttempt(FIRST_ATTEMPT, unreachable(code), { attempts: 4 })).toEqual({
        attempt: { number: 2, after: 'death' },
        asked: 0,
        waitMs: 0,
        lost: code,
      })
  })

  test('after a pause when nobody answered, as an attempt that may have to wait', () => {
    expect(nextAttempt(FIRST_ATTEMPT, unreachable('REGION_UNREACHABLE'), { attempts: 4 })).toMatchObject({
      attempt: { number: 2, after: 'silence' },
      waitMs: 200,
      lost: 'REGION_UNREACHABLE',
    })
  })

  test('with the same number while the place is busy, or turns calls away', () => {
    const busy = nextAttempt(TAKEN_UP, refused('LANDING_BUSY'), { attempts: 4 })!
    expect(busy).toEqual({ attempt: TAKEN_UP.attempt, asked: 1, waitMs: 100 })
    expect(nextAttempt(busy, refused('LANDING_BUSY'), { attempts: 4 })).toMatchObject({
      attempt: TAKEN_UP.attempt,
      waitMs: 200,
    })
    const throttled = unreachable('REGION_UNREACHABLE', THROTTLED)
    expect(nextAttempt(FIRST_ATTEMPT, throttled, { attempts: 4 })).toEqual({
      attempt: undefined,
      asked: 1,
      waitMs: 100,
    })
  })

  test('with the next number when another relay was faster', () => {
    expect(nextAttempt(TAKEN_UP, refused('REPLAYED'), { attempts: 4 })).toMatchObject({
      attempt: { number: 3, after: 'silence' },
    })
  })

  test('also the first time, where another relay may carry the agent too', () => {
    expect(nextAttempt(FIRST_ATTEMPT, refused('REPLAYED'), { attempts: 4, shared: true })).toMatchObject({
      attempt: { number: 2, after: 'silence' },
    })
  })

  test('never with ever longer waits', () => {
    const patient = { attempt: TAKEN_UP.attempt, asked: 10_000 }
    expect(nextAttempt(patient, refused('LANDING_BUSY'), { attempts: 4 })!.waitMs).toBe(5000)
  })
})

describe('a landing is not tried again', () => {
  test.each([
    ['by an order that was used', FIRST_ATTEMPT, refused('REPLAYED')],
    ['where it was refused', FIRST_ATTEMPT, refused('KEY_REVOKED')],
    ['of a cancelled mission', TAKEN_UP, refused('CANCELLED')],
    ['where there is no function', FIRST_ATTEMPT, unreachable('FUNCTION_NOT_FOUND')],
    ['with a clock that is wrong', FIRST_ATTEMPT, unreachable('CLOCK_SKEW')],
    [
      'after the last attempt',
      { attempt: { number: 4, after: 'death' as const }, asked: 0 },
      unreachable('FUNCTION_FAILED'),
    ],
    [
      'when it was turned away too often',
      { attempt: undefined, asked: 30 },
      unreachable('REGION_UNREACHABLE', THROTTLED),
    ],
  ])('%s', (_, attempt, landed) => {
    expect(nextAttempt(attempt, landed, { attempts: 4 })).toBeUndefined()
  })
})
