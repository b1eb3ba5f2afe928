/** Relative slack for sums of floating-point numbers that are equal on paper. */
export const TOLERANCE = 1e-9

/** `value ≤ limit`, but for rounding. */
export const atMost = (value: number, limit: number): boolean => value <= limit + TOLERANCE * Math.abs(limit)

/** What a value must stay under to be an improvement and not a rounding. */
export const below = (value: number): number => value - TOLERANCE * Math.abs(value)
