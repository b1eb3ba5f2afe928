/** The source and the date of a table. Every table in lib/gravity/tables has one. */
export interface Provenance {
  /** Who measured or published the figures. */
  readonly source: string
  /** When the figures were measured or published, `YYYY-MM-DD`. If the day is unknown, the first of the month. */
  readonly asOf: string
  /** What users of the figures must know. */
  readonly note?: string
}

const DAYS_PER_MONTH = 30.44
const MILLISECONDS_PER_DAY = 86_400_000

/** The age of a table in months. It is never negative, so that a table from the future of a slow clock counts as new. */
export function monthsOld(asOf: string, now: Date): number {
  const days = (now.getTime() - Date.parse(asOf)) / MILLISECONDS_PER_DAY
  return Math.max(0, days / DAYS_PER_MONTH)
}

/** The older of two ISO dates. The date of a quote is that of its oldest figure. */
export const olderDate = (a: string, b: string): string => (a < b ? a : b)
