/** What a run is told before it starts: where its parts go. A plain run waits for no more than a listing. */
import { chooseMode } from '../../lib/estimate/choose-mode.ts'
import type { ClientLink, Mode, Quote, QuoteOptions } from '../../lib/estimate/quote.ts'
import { quoteRun } from '../../lib/estimate/quote.ts'
import { type Survey, type SurveyOptions, surveyData } from '../../lib/estimate/survey.ts'
import { type PlacedPart, partsWhereDataLies } from '../../lib/mission/execute-plan.ts'

export type Place = 'auto' | Mode

export interface RunQuoteOptions extends Omit<QuoteOptions, 'survey' | 'ways' | 'client' | 'budgetUsd'> {
  readonly place: Place
  readonly scopes: SurveyOptions['scopes']
  readonly clients: SurveyOptions['clients']
  readonly inventories?: SurveyOptions['inventories']
  readonly client: ClientLink | undefined
  readonly maxUsd?: number | undefined
}

export interface QuotedRun {
  readonly parts: readonly PlacedPart[]
  /** For the history; it may come after the run began. `undefined` where nothing could be predicted. */
  readonly quote: Promise<Quote | undefined>
}

/** Objects of a bucket that a run lists at most before it starts: ten pages. */
const LISTED_OBJECTS = 10_000

/**
 * Decides where a run's parts go. Data is only listed first where the listing can change something: where data may come
 * home, or where money has a ceiling.
 */
export async function quoteBeforeRun(options: RunQuoteOptions): Promise<QuotedRun> {
  const { place, scopes, fleet, clients, client, maxUsd } = options
  const listing = surveyData({ ...options, maxObjects: LISTED_OBJECTS })
  const decided = place === 'data' || (place === 'auto' && client === undefined)
  if (decided && maxUsd === undefined) {
    const quote = listing.then((survey) => quoteRun({ ...options, survey, modes: ['data'] })).catch(() => undefined)
    return { parts: await partsWhereDataLies(scopes, fleet, clients), quote }
  }
  const survey = await listing.catch((error: unknown) => {
    if (place === 'auto' && maxUsd === undefined) return undefined
    throw error
  })
  const quote = survey && quoteFor(survey, options)
  if (!quote?.plan.feasible)
    return { parts: await partsWhereDataLies(scopes, fleet, clients), quote: Promise.resolve(undefined) }
  const parts = quote.parts.map((part, i) => ({ ...part, scopes: survey!.regions[i]!.scopes }))
  return { parts, quote: Promise.resolve(quote) }
}

/** A budget that nothing fits into is no reason to refuse: the run does what it can for it. */
function quoteFor(survey: Survey, { place, maxUsd, ...options }: RunQuoteOptions): Quote | undefined {
  const deployed = survey.regions.every(({ region }) => options.fleet.regions.some((place) => place.region === region))
  // Data is not fetched because a function is missing: the run says so, and how to mend it.
  if (survey.objects === 0 || (place === 'auto' && !deployed)) return undefined
  const whole = { ...options, survey }
  if (place !== 'auto') return quoteRun({ ...whole, modes: [place] })
  const within = chooseMode({ ...whole, budgetUsd: maxUsd })
  return within.plan.feasible ? within : chooseMode(whole)
}
