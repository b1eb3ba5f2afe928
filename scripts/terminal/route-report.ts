import type { Answer } from '../../lib/mission/merge.ts'
import type { RouteStep } from '../../lib/relay/relay.ts'
import { bytes, note, paint, seconds, table } from './output.ts'

/** Prints the landings of an agent, and its logs of all landings but the last. */
export function reportRoute({ regions: [agent] }: Answer): void {
  const route = agent?.route ?? []
  if (route.length < 2) return
  for (const { place, landingResult } of route.filter((step) => step.landingResult.outcome.kind === 'departed'))
    for (const line of landingResult.logs) note(`${paint('dim', place, process.stderr)} ${line}`)
  note(table(['landing', 'place', 'state', 'read there', 'moved', 'time'], route.map(rowOf)))
}

function rowOf({
  branch,
  sequence,
  place,
  sealedBytes,
  bytesMoved,
  landingResult,
  seconds: took,
}: RouteStep): string[] {
  const copies = branch.split('/').slice(1)
  const landing = [sequence, ...copies.map((copy) => `copy ${copy}`)].join(', ')
  const state = sealedBytes === 0 ? '' : bytes(sealedBytes)
  return [landing, place, state, bytes(landingResult.usage.bytesRead), bytes(bytesMoved), seconds(took)]
}
