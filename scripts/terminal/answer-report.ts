/** Prints the result of a run for people: the value to stdout, and what happened in each region to stderr. */
import { mapStack } from '../../lib/bundle/map-stack.ts'
import type { PlanAnswer } from '../../lib/mission/execute-plan.ts'
import type { Answer } from '../../lib/mission/merge.ts'
import { outcomeOf } from '../../lib/mission/outcome-of.ts'
import { formatDataUri } from '../../lib/objects/data-uri.ts'
import type { RegionResult } from '../../lib/relay/region-result.ts'
import type { LostLanding } from '../../lib/relay/relay.ts'
import type { AgentFailure } from '../../lib/sandbox/contract/outcome.ts'
import { bytes, EXIT, note, paint, seconds, table } from './output.ts'
import { withRemedy } from './remedies.ts'

/** Prints the value, the logs and problems of each region, and a summary. @param map the agent's source map, if known */
export function reportAnswer(answer: Answer, map?: string): void {
  if (answer.value !== undefined) process.stdout.write(`${JSON.stringify(answer.value, undefined, 2)}\n`)
  const merge = answer.merge === undefined ? [] : [{ region: 'merge', landingResult: answer.merge }]
  for (const result of [...answer.regions, ...merge]) {
    for (const lost of 'lost' in result ? (result.lost ?? []) : []) note(lossOf(lost))
    for (const line of result.landingResult?.logs ?? []) note(`${paint('dim', result.region, process.stderr)} ${line}`)
    const found = problemOf(result, map)
    if (found === undefined) continue
    const problem = withRemedy(found)
    note(`${paint('red', result.region, process.stderr)} ${problem.code}: ${problem.message}`)
    if (problem.remedy !== undefined) note(`  ${paint('green', 'remedy', process.stderr)}: ${problem.remedy}`)
  }
  note(summary(answer))
}

/** A line about a failed attempt. The relay retried it, so it cost only time. */
function lossOf({ place, sequence, attempt, code }: LostLanding): string {
  return `${paint('yellow', place, process.stderr)} failed in landing ${sequence}, attempt ${attempt} (${code})`
}

/** Prints the partial result, and the data that is left to do. */
export function reportLeft({ left, partial }: PlanAnswer): void {
  if (left.length === 0) return
  if (partial !== undefined) process.stdout.write(`${JSON.stringify(partial, undefined, 2)}\n`)
  if (partial !== undefined) note('this is the result of the other regions')
  for (const { region, scopes } of left) note(`left to do: ${region}, ${scopes.map(formatDataUri).join(' ')}`)
}

/** Why a region has no value; `undefined` if it has one. */
function problemOf(
  { landingResult, error }: Pick<RegionResult, 'landingResult' | 'error'>,
  map?: string,
): { code: string; message: string; remedy?: string } | undefined {
  if (error !== undefined || landingResult === undefined) return error
  const { outcome } = landingResult
  if (outcome.kind === 'stopped') return { code: `stopped by ${outcome.limit}`, message: outcome.message }
  if (outcome.kind === 'failed') return { code: outcome.error.code, message: describe(outcome.error, map) }
  return undefined
}

function describe({ name, message, stack = '' }: AgentFailure, map?: string): string {
  const text =
    [name, message].filter(Boolean).join(': ') || 'the agent failed; its error is withheld because errorBytes is 0'
  return [text, mapStack(stack, map).trimEnd()].filter(Boolean).join('\n')
}

function summary({ regions, usage }: Answer): string {
  const rows = regions.map((region) => [
    region.region,
    outcomeOf(region),
    bytes(region.landingResult?.usage.bytesRead ?? 0),
    bytes(region.landingResult?.usage.bytesReturned ?? 0),
    bytes(region.bytesMoved),
    seconds(region.seconds),
  ])
  const { bytesRead, bytesReturned, bytesMoved } = usage
  rows.push(['all', '', bytes(bytesRead), bytes(bytesReturned), bytes(bytesMoved), ''])
  return table(['region', 'outcome', 'read there', 'returned', 'moved', 'time'], rows)
}

/** The exit code of the most severe outcome. A refusal and an unreachable region have their own codes. */
export function exitCodeOfAnswer({ outcome }: Answer): number {
  if (outcome === 'completed') return EXIT.done
  if (outcome === 'refused') return EXIT.refused
  return outcome === 'unreachable' ? EXIT.unreachable : EXIT.failed
}
