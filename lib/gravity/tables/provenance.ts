/** Where a block of figures comes from, and how old it is. Every table of this room carries one. */
export interface Provenance {
  /** Who measured or published the figures. */
  readonly source: string
  /** The day the figures were measured or published, `YYYY-MM-DD`; the first of the month where no day is known. */
  readonly asOf: string
  /** What to know before using the figures. */
  readonly note?: string
}

const DAYS_PER_MONTH = 30.44
const MILLISECONDS_PER_DAY = 86_400_000

/** Age of a block in months; never negative, so a table dated ahead of a slow clock counts as new. */
export function monthsOld(asOf: string, now: Date): number {
  const days = (now.getTime() - Date.parse(asOf)) / MILLISECONDS_PER_DAY
  return Math.max(0, days / DAYS_PER_MONTH)
}

/** The older of two ISO dates: a quote is only as fresh as the oldest figure in it. */
export const olderDate = (a: string, b: string): string => (a < b ? a : b)
