import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { deadlineOf } from '../../functions/data-locality/deadline.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test.each([
  ['15 minutes', 900_000, 869_500, 899_500],
  ['20 seconds', 20_000, 13_000, 19_500],
  ['a second', 1000, 500, 750],
])('in a function of %s an agent is evicted some time before the deadline', (_, remaining, evict, end) => {
  const deadline = deadlineOf(remaining)
  vi.advanceTimersByTime(evict - 1)
  expect([deadline.evict.aborted, deadline.signal.aborted]).toEqual([false, false])
  vi.advanceTimersByTime(1)
  expect([deadline.evict.aborted, deadline.signal.aborted]).toEqual([true, false])
  vi.advanceTimersByTime(end - evict)
  expect(deadline.signal.aborted).toBe(true)
})

test('nothing fires after a run has ended', () => {
  const deadline = deadlineOf(1000)
  deadline.clear()
  vi.advanceTimersByTime(2000)
  expect([deadline.evict.aborted, deadline.signal.aborted]).toEqual([false, false])
})
