/** What a run came to, for people: the value to stdout, what happened in which region to stderr. */
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

/** @param map the source map of the agent, where it is at hand */
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

/** A place that died costs nothing but time, which is worth a line. */
function lossOf({ region, sequence, attempt, code }: LostLanding): string {
  return `${paint('yellow', region, process.stderr)} was lost in landing ${sequence}, attempt ${attempt} (${code})`
}

/** What is left, and how to go on with it. */
export function reportLeft({ left, partial }: PlanAnswer): void {
  if (left.length === 0) return
  if (partial !== undefined) process.stdout.write(`${JSON.stringify(partial, undefined, 2)}\n`)
  if (partial !== undefined) note('printed is what the other regions answered')
  for (const { region, scopes } of left) note(`left to do: ${region}, ${scopes.map(formatDataUri).join(' ')}`)
}

/** Why a region has no value, if it has none. */
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
  const said =
    [name, message].filter(Boolean).join(': ') || 'the agent failed; its words are withheld (errorBytes is 0)'
  return [said, mapStack(stack, map).trimEnd()].filter(Boolean).join('\n')
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

/** The gravest region decides; a refusal and an unreachable region have codes of their own. */
export function exitCodeOfAnswer({ outcome }: Answer): number {
  if (outcome === 'completed') return EXIT.done
  if (outcome === 'refused') return EXIT.refused
  return outcome === 'unreachable' ? EXIT.unreachable : EXIT.failed
}
