/** A figure that is not known exactly: the best guess, and what it may well be instead. */
export interface Interval {
  readonly low: number
  readonly value: number
  readonly high: number
}

/** A figure known exactly. */
export const exactly = (value: number): Interval => ({ low: value, value, high: value })

/** A guess that may be off by a factor either way. */
export const within = (value: number, factor: number): Interval => ({
  low: value / factor,
  value,
  high: value * factor,
})

/** The middle of the values; of an even number, the mean of the two middle ones. @throws RangeError for no values */
export function medianOf(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values have no median')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
