/** An uncertain figure: the best guess, and the range in which it probably is. */
export interface Interval {
  readonly low: number
  readonly value: number
  readonly high: number
}

/** An interval for a figure that is known exactly. */
export const exactly = (value: number): Interval => ({ low: value, value, high: value })

/** An interval for a guess that may be wrong by a factor in both directions. */
export const within = (value: number, factor: number): Interval => ({
  low: value / factor,
  value,
  high: value * factor,
})

/** The median. @throws RangeError if there are no values */
export function medianOf(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values have no median')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
