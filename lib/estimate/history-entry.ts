/** Makes the entry of a run in the accuracy history. Pure. */
import { CLIENT } from '../client-name.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import { estimateCost } from '../gravity/cost.ts'
import { bookOf, type PriceFile } from '../gravity/prices.ts'
import { FUNCTION_GB } from '../gravity/tables/lambda-performance.ts'
import { S3_PERFORMANCE } from '../gravity/tables/s3-performance.ts'
import type { PartResult } from '../mission/execute-plan.ts'
import type { MissionOutcome } from '../mission/outcome-of.ts'
import type { HistoryEntry } from './accuracy-history.ts'
import type { Quote } from './quote.ts'

export interface RunRecord {
  readonly at: Date
  readonly mission: string
  readonly outcome: MissionOutcome
  readonly seconds: number
  readonly regions: readonly PartResult[]
  readonly prices?: PriceFile | undefined
}

/** The predicted and the actual time and cost of a run; `undefined` if nothing was predicted. */
export function historyEntry(quote: Quote, run: RunRecord): HistoryEntry | undefined {
  const { seconds, usd, agent, basis, parts } = quote
  if (seconds === undefined || usd === undefined) return undefined
  const clientSeconds = Math.max(0, ...run.regions.filter(({ place }) => place === CLIENT).map((part) => part.seconds))
  return {
    lander: FORMAT_VERSION,
    at: run.at.toISOString(),
    mission: run.mission,
    agent,
    basis,
    outcome: run.outcome,
    predicted: { seconds: seconds.value, usd: usd.value, lowSeconds: seconds.low, highSeconds: seconds.high },
    actual: { seconds: run.seconds, usd: spentUsd(run.regions, run.prices) },
    parts: parts.flatMap((part) => {
      const result = run.regions.find(({ region }) => region === part.region)
      if (result === undefined) return []
      const { place, region, bytes, seconds: predictedSeconds, correction } = part
      return [
        {
          region,
          place,
          bytes,
          resultBytes: result.landingResult?.usage.bytesReturned ?? 0,
          predictedSeconds,
          correction: correction.factor,
          actualSeconds: place === CLIENT ? clientSeconds : result.seconds,
        },
      ]
    }),
  }
}

/** The cost of a run in USD, computed from its usage and list prices. AWS bills later. */
export function spentUsd(results: readonly PartResult[], prices?: PriceFile): number {
  const used = results.flatMap(({ region, place, landingResult }) =>
    landingResult === undefined ? [] : [{ region, atClient: place === CLIENT, ...landingResult.usage }],
  )
  const { usd } = estimateCost({
    ...(prices && { prices: bookOf(prices) }),
    transfers: used.map(({ region, atClient, bytesRead, bytesReturned }) => {
      return { from: region, to: CLIENT, bytes: atClient ? bytesRead : bytesReturned }
    }),
    requests: used.map(({ region, objects, bytesRead }) => {
      return { region, gets: Math.max(objects, Math.ceil(bytesRead / S3_PERFORMANCE.rangeBytes)) }
    }),
    compute: used
      .filter(({ atClient }) => !atClient)
      .map(({ region, wallMs }) => ({ region, invocations: 1, gbSeconds: (FUNCTION_GB * wallMs) / 1000 })),
  })
  return usd
}
