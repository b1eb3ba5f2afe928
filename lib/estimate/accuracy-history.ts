/** What was predicted of every run and what happened, so that later quotes are better. One line of JSON a run. */

import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { parseJson } from '../encoding/json.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import { medianOf } from './interval.ts'

const amount = v.pipe(v.number(), v.finite(), v.minValue(0))

const EntrySchema = v.object({
  lander: v.literal(FORMAT_VERSION),
  /** When the run began, ISO 8601. */
  at: v.string(),
  mission: v.string(),
  /** The agent: its name and the digest of its code. */
  agent: v.string(),
  /** What the prediction rested on. */
  basis: v.picklist(['sampled', 'assumed']),
  outcome: v.string(),
  predicted: v.object({ seconds: amount, usd: amount, lowSeconds: amount, highSeconds: amount }),
  actual: v.object({ seconds: amount, usd: amount }),
  /** Every part by itself: the data of a region, and the place it was worked on. */
  parts: v.array(
    v.object({
      region: v.string(),
      place: v.string(),
      bytes: amount,
      resultBytes: amount,
      /** As quoted. */
      predictedSeconds: amount,
      /** What the quote had been multiplied by to correct it. */
      correction: amount,
      actualSeconds: amount,
    }),
  ),
})

/** One run: what was predicted, and what it was. */
export type HistoryEntry = v.InferOutput<typeof EntrySchema>
export type HistoryPart = HistoryEntry['parts'][number]

/** The entries of a history, the oldest first. A line that is none, such as one cut off by a crash, is passed over. */
export async function readHistory(path: string): Promise<HistoryEntry[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    const parsed = v.safeParse(EntrySchema, parseJson(line))
    return parsed.success ? [parsed.output] : []
  })
}

/** Adds a run. Lines are short enough to be appended whole, so that runs at the same time don't mix. */
export async function addToHistory(path: string, entry: HistoryEntry): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await appendFile(path, `${JSON.stringify(entry)}\n`, { mode: 0o600 })
}

/** How far predictions were off. */
export interface Accuracy {
  readonly runs: number
  /** The middle of `|predicted − actual| / actual`. */
  readonly medianError: number
  /** Nine in ten were off by no more. */
  readonly error90: number
  /** The middle of `actual / predicted`: above 1, runs take longer than predicted. */
  readonly bias: number
  /** The share of runs that took a time within the interval quoted. */
  readonly withinInterval: number
}

export interface AccuracyReport {
  /** Over all runs that completed. */
  readonly seconds: Accuracy | undefined
  readonly usd: Omit<Accuracy, 'withinInterval'> | undefined
  /** The same by what the prediction rested on, and by agent. */
  readonly byBasis: Readonly<Record<string, Accuracy>>
  readonly byAgent: Readonly<Record<string, Accuracy>>
}

/** The error of the predictions so far. Pure. */
export function accuracy(history: readonly HistoryEntry[]): AccuracyReport {
  const done = history.filter(isMeasured)
  return {
    seconds: secondsAccuracy(done),
    usd: errorsOf(done.map(({ predicted, actual }) => ({ predicted: predicted.usd, actual: actual.usd }))),
    byBasis: groupedBy(done, ({ basis }) => basis),
    byAgent: groupedBy(done, ({ agent }) => agent),
  }
}

/** A run that was stopped or failed says nothing about how long it would have taken. */
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

/** What a part to be quoted is like. */
export interface CorrectedPart {
  readonly agent: string
  readonly basis: HistoryEntry['basis']
  /** The region of the data. */
  readonly region: string
  /** The place it is worked on. */
  readonly place: string
}

/** What the past says about a prediction. */
export interface Correction {
  /** What to multiply seconds by; 1 where nothing is known. */
  readonly factor: number
  /** The runs it rests on. */
  readonly runs: number
}

/** Older runs tell of machines and code that may have changed. */
const REMEMBERED_PARTS = 20

/** A single run may have been an accident: no correction beyond this, and none in full until there are several. */
const MAX_FACTOR = 10

/**
 * How the predictions of such parts have to be corrected: the middle of `actual / uncorrected prediction` over the last
 * 20, of this agent in this place if there are any, else of any agent there. The middle does not move for an outlier,
 * and `n / (n + 1)` of it (on a logarithmic scale) is believed after n runs.
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
  const believed = medianOf(ratios) ** (parts.length / (parts.length + 1))
  return { factor: Math.min(MAX_FACTOR, Math.max(1 / MAX_FACTOR, believed)), runs: parts.length }
}

/** Result bytes of this agent on the region's data, in the last run there; `undefined` if there was none. */
export function lastResultBytes(
  history: readonly HistoryEntry[],
  { agent, region }: Pick<CorrectedPart, 'agent' | 'region'>,
): number | undefined {
  const parts = history.filter((entry) => entry.agent === agent && isMeasured(entry)).flatMap(({ parts }) => parts)
  return parts.findLast((part) => part.region === region)?.resultBytes
}
