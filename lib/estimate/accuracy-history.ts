/** The accuracy history: predicted and actual times of runs, which correct later quotes. One line of JSON for each run. */
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { parseJson } from '../encoding/json.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import { medianOf } from './interval.ts'

const amount = v.pipe(v.number(), v.finite(), v.minValue(0))

const EntrySchema = v.object({
  lander: v.literal(FORMAT_VERSION),
  /** When the run started, in ISO 8601. */
  at: v.string(),
  mission: v.string(),
  /** The agent's name and the digest of its code. */
  agent: v.string(),
  /** Whether the prediction used trial runs or assumptions. */
  basis: v.picklist(['sampled', 'assumed']),
  outcome: v.string(),
  predicted: v.object({ seconds: amount, usd: amount, lowSeconds: amount, highSeconds: amount }),
  actual: v.object({ seconds: amount, usd: amount }),
  /** One entry for each region of the data, with the place where it was processed. */
  parts: v.array(
    v.object({
      region: v.string(),
      place: v.string(),
      bytes: amount,
      resultBytes: amount,
      /** The seconds of the quote, after correction. */
      predictedSeconds: amount,
      /** The factor by which the quote was corrected. */
      correction: amount,
      actualSeconds: amount,
    }),
  ),
})

/** The predicted and the actual time and cost of one run. */
export type HistoryEntry = v.InferOutput<typeof EntrySchema>
export type HistoryPart = HistoryEntry['parts'][number]

/** The entries of a history, oldest first. Invalid lines, such as one that a crash cut off, are ignored. */
export async function readHistory(path: string): Promise<HistoryEntry[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    const parsed = v.safeParse(EntrySchema, parseJson(line))
    return parsed.success ? [parsed.output] : []
  })
}

/** Appends a run. Each line is written with one call, so entries of concurrent runs don't mix. */
export async function addToHistory(path: string, entry: HistoryEntry): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await appendFile(path, `${JSON.stringify(entry)}\n`, { mode: 0o600 })
}

/** The errors of predictions. */
export interface Accuracy {
  readonly runs: number
  /** The median of `|predicted − actual| / actual`. */
  readonly medianError: number
  /** The 90th percentile of `|predicted − actual| / actual`. */
  readonly error90: number
  /** The median of `actual / predicted`. Above 1, runs take longer than predicted. */
  readonly bias: number
  /** The share of runs whose time was within the quoted interval. */
  readonly withinInterval: number
}

export interface AccuracyReport {
  /** The errors of times, over all completed runs. */
  readonly seconds: Accuracy | undefined
  readonly usd: Omit<Accuracy, 'withinInterval'> | undefined
  /** The errors of times by the basis of the prediction, and by agent. */
  readonly byBasis: Readonly<Record<string, Accuracy>>
  readonly byAgent: Readonly<Record<string, Accuracy>>
}

/** The errors of all predictions in a history. Pure. */
export function accuracy(history: readonly HistoryEntry[]): AccuracyReport {
  const done = history.filter(isMeasured)
  return {
    seconds: secondsAccuracy(done),
    usd: errorsOf(done.map(({ predicted, actual }) => ({ predicted: predicted.usd, actual: actual.usd }))),
    byBasis: groupedBy(done, ({ basis }) => basis),
    byAgent: groupedBy(done, ({ agent }) => agent),
  }
}

/** Whether a run completed. The times of failed and stopped runs say nothing about predictions. */
const isMeasured = ({ outcome, actual }: HistoryEntry): boolean => outcome === 'completed' && actual.seconds > 0

function groupedBy(entries: readonly HistoryEntry[], keyOf: (entry: HistoryEntry) => string): Record<string, Accuracy> {
  const keys = [...new Set(entries.map(keyOf))]
  return Object.fromEntries(keys.map((key) => [key, secondsAccuracy(entries.filter((e) => keyOf(e) === key))!]))
}

function secondsAccuracy(entries: readonly HistoryEntry[]): Accuracy | undefined {
  const errors = errorsOf(
    entries.map(({ predicted, actual }) => ({ predicted: predicted.seconds, actual: actual.seconds })),
  )
  const hits = entries.filter(
    ({ predicted, actual }) => actual.seconds >= predicted.lowSeconds && actual.seconds <= predicted.highSeconds,
  )
  return errors && { ...errors, withinInterval: hits.length / entries.length }
}

function errorsOf(
  pairs: readonly { predicted: number; actual: number }[],
): Omit<Accuracy, 'withinInterval'> | undefined {
  const known = pairs.filter(({ predicted, actual }) => predicted > 0 && actual > 0)
  if (known.length === 0) return undefined
  const errors = known.map(({ predicted, actual }) => Math.abs(predicted - actual) / actual).sort((a, b) => a - b)
  return {
    runs: known.length,
    medianError: medianOf(errors),
    error90: errors[Math.ceil(0.9 * errors.length) - 1]!,
    bias: medianOf(known.map(({ predicted, actual }) => actual / predicted)),
  }
}

/** The part of a quote that is to be corrected. */
export interface CorrectedPart {
  readonly agent: string
  readonly basis: HistoryEntry['basis']
  /** The region of the data. */
  readonly region: string
  /** The place where the part is processed. */
  readonly place: string
}

/** The correction of a prediction by earlier runs. */
export interface Correction {
  /** The factor for the predicted seconds; 1 if there are no earlier runs. */
  readonly factor: number
  /** How many earlier runs the factor is based on. */
  readonly runs: number
}

/** How many earlier parts are used. Older ones are from computers and code that may have changed. */
const REMEMBERED_PARTS = 20

/** The largest correction, in both directions. */
const MAX_FACTOR = 10

/**
 * The correction of a part's prediction: the median of `actual / uncorrected prediction` of the last 20 parts, of this
 * agent in this place if there are any, else of any agent in this place. The median ignores outliers. After n runs, only
 * `n / (n + 1)` of the correction (on a logarithmic scale) is applied, because few runs may be untypical.
 */
export function correctionOf(history: readonly HistoryEntry[], part: CorrectedPart): Correction {
  const alike = history.filter(isMeasured).filter(({ basis }) => basis === part.basis)
  const there = (entries: readonly HistoryEntry[]) =>
    entries
      .flatMap(({ parts }) => parts)
      .filter(({ region, place }) => region === part.region && place === part.place)
      .filter(({ predictedSeconds, actualSeconds }) => predictedSeconds > 0 && actualSeconds > 0)
  const own = there(alike.filter(({ agent }) => agent === part.agent))
  const parts = (own.length > 0 ? own : there(alike)).slice(-REMEMBERED_PARTS)
  if (parts.length === 0) return { factor: 1, runs: 0 }
  const ratios = parts.map(
    ({ predictedSeconds, correction, actualSeconds }) => actualSeconds / (predictedSeconds / (correction || 1)),
  )
  const applied = medianOf(ratios) ** (parts.length / (parts.length + 1))
  return { factor: Math.min(MAX_FACTOR, Math.max(1 / MAX_FACTOR, applied)), runs: parts.length }
}

/** The result bytes of the agent's last run on the region's data; `undefined` if there is none. */
export function lastResultBytes(
  history: readonly HistoryEntry[],
  { agent, region }: Pick<CorrectedPart, 'agent' | 'region'>,
): number | undefined {
  const parts = history.filter((entry) => entry.agent === agent && isMeasured(entry)).flatMap(({ parts }) => parts)
  return parts.findLast((part) => part.region === region)?.resultBytes
}
