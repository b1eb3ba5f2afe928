/** The relative tolerance for comparing sums of floating-point numbers. */
export const TOLERANCE = 1e-9

/** Whether `value ≤ limit`, apart from rounding errors. */
export const atMost = (value: number, limit: number): boolean => value <= limit + TOLERANCE * Math.abs(limit)

/** A value must be below this to be an improvement and not a rounding error. */
export const below = (value: number): number => value - TOLERANCE * Math.abs(value)
