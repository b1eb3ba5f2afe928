/** Decides where the parts of a run go before it starts. A plain run waits for no listing. */
import { chooseMode } from '../estimate/choose-mode.ts'
import { type ClientLink, type Mode, type Quote, type QuoteOptions, quoteRun } from '../estimate/quote.ts'
import { type Survey, type SurveyOptions, surveyData } from '../estimate/survey.ts'
import { type PlannedPart, partsWhereDataLies } from '../mission/execute-plan.ts'
import type { Scope } from '../scope.ts'

/** Where a run's agents work: as the plan says, where the data lies, or on the client. */
export type PlaceChoice = 'auto' | Mode

export interface ChoosePartsOptions extends Omit<QuoteOptions, 'survey' | 'modes' | 'client' | 'budgetUsd'> {
  readonly place: PlaceChoice
  readonly scopes: SurveyOptions['scopes']
  readonly clients: SurveyOptions['clients']
  readonly inventories?: SurveyOptions['inventories']
  readonly client: ClientLink | undefined
  readonly maxUsd?: number | undefined
  /** Regions that the order names: then agents start there, wherever the data lies. @default where the data lies */
  readonly regions?: readonly string[] | undefined
  /** Whether a prediction is wanted even where it changes nothing, to compare the run with. */
  readonly predict: boolean
}

export interface ChosenParts {
  readonly parts: readonly PlannedPart[]
  /** The prediction; it may come after the run began. `undefined` where nothing could be predicted. */
  readonly quote: Promise<Quote | undefined>
}

/** Objects of a bucket that a run lists at most before it starts: ten pages. */
const LISTED_OBJECTS = 10_000

/**
 * Decides where a run's parts go. The data is listed first only where the listing can change something: where data may
 * move to the client, or where money has a ceiling.
 */
export async function chooseParts(options: ChoosePartsOptions): Promise<ChosenParts> {
  const { place, scopes, fleet, clients, client, maxUsd, predict, regions } = options
  if (regions !== undefined) return { parts: partsIn(regions, scopes), quote: Promise.resolve(undefined) }
  const decided = place === 'data' || (place === 'auto' && client === undefined)
  if (decided && maxUsd === undefined) {
    const quote = predict ? quoteInBackground(options) : Promise.resolve(undefined)
    return { parts: await partsWhereDataLies(scopes, fleet, clients), quote }
  }
  const survey = await surveyData({ ...options, maxObjects: LISTED_OBJECTS }).catch((error: unknown) => {
    if (place === 'auto' && maxUsd === undefined) return undefined
    throw error
  })
  const quote = survey && quoteFor(survey, options)
  if (!quote?.plan.feasible)
    return { parts: await partsWhereDataLies(scopes, fleet, clients), quote: Promise.resolve(undefined) }
  const parts = quote.parts.map((part, i) => ({ ...part, scopes: survey!.regions[i]!.scopes }))
  return { parts, quote: Promise.resolve(quote) }
}

/** An agent sees of the scopes what lies in its region, so each part has them all. */
function partsIn(regions: readonly string[], scopes: readonly Scope[]): PlannedPart[] {
  return regions.map((region) => ({ region, place: region, usd: 0, scopes }))
}

/** One agent that has all data before it and goes from region to region itself. */
export function asOneAgent(parts: readonly PlannedPart[]): PlannedPart[] {
  const [first] = parts
  if (first === undefined) return []
  return [
    {
      region: first.region,
      place: first.region,
      usd: parts.reduce((sum, { usd }) => sum + usd, 0),
      scopes: [...new Set(parts.flatMap(({ scopes }) => scopes))],
      regions: parts.map(({ region }) => region),
    },
  ]
}

/** A run needs no prediction, so a bucket that may not be listed is no error here. */
function quoteInBackground(options: ChoosePartsOptions): Promise<Quote | undefined> {
  return surveyData({ ...options, maxObjects: LISTED_OBJECTS })
    .then((survey) => quoteRun({ ...options, survey, modes: ['data'] }))
    .catch(() => undefined)
}

/** A budget that nothing fits into is no reason to refuse: the run does what it can for it. */
function quoteFor(survey: Survey, { place, maxUsd, ...options }: ChoosePartsOptions): Quote | undefined {
  const deployed = survey.regions.every(({ region }) => options.fleet.regions.some((place) => place.region === region))
  // A region without a function does not make data move: the run fails there, and says how to deploy one.
  if (survey.objects === 0 || (place === 'auto' && !deployed)) return undefined
  const whole = { ...options, survey }
  if (place !== 'auto') return quoteRun({ ...whole, modes: [place] })
  const within = chooseMode({ ...whole, budgetUsd: maxUsd })
  return within.plan.feasible ? within : chooseMode(whole)
}
