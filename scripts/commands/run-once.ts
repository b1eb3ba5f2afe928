import type { Json } from '../../lib/encoding/json.ts'
import type { FleetClients } from '../../lib/fleet/clients.ts'
import { regionsOf } from '../../lib/fleet/data-regions.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import type { Limits } from '../../lib/limits.ts'
import { type Answer, run } from '../../lib/mission/run.ts'
import type { RouteStep } from '../../lib/relay/relay.ts'
import type { Scope } from '../../lib/scope.ts'
import type { SigningKey } from '../../lib/trust/keys.ts'
import { bytes, note, paint, seconds, table } from '../terminal/output.ts'
import { createProgressBars } from '../terminal/progress-bars.ts'

export interface RunOnce {
  readonly fleet: Fleet
  readonly clients: FleetClients
  readonly file: Uint8Array
  readonly sender: SigningKey
  readonly input: Json
  readonly scopes: readonly Scope[]
  readonly limits: Partial<Limits>
  readonly quiet: boolean
}

/** `lander run --start once`: one agent, which goes to the regions of its data by itself. */
export async function runOnce({ scopes, limits, quiet, ...mission }: RunOnce): Promise<Answer> {
  const regions = await regionsOf(scopes, mission.fleet, mission.clients)
  const bars = createProgressBars(regions, { quiet })
  const order = { regions, scopes, limits }
  const onProgress = bars.update
  const answer = await run({ ...mission, order, start: 'once', onProgress })
  const [{ route = [] } = {}] = answer.regions
  for (const region of regions) {
    const landings = route.filter((step) => step.region === region).length
    bars.finish(region, landings === 1 ? '1 landing' : `${landings} landings`, landings > 0)
  }
  return answer
}

/** The way an agent went, landing by landing, and what it logged before the last. */
export function reportRoute({ regions: [agent] }: Answer): void {
  const route = agent?.route ?? []
  if (route.length < 2) return
  for (const { region, landingResult } of route.filter((step) => step.landingResult.outcome.kind === 'departed'))
    for (const line of landingResult.logs) note(`${paint('dim', region, process.stderr)} ${line}`)
  note(table(['landing', 'region', 'stateRef', 'read there', 'moved', 'time'], route.map(rowOf)))
}

function rowOf({
  branch,
  sequence,
  region,
  sealedBytes,
  bytesMoved,
  landingResult,
  seconds: took,
}: RouteStep): string[] {
  const copies = branch.split('/').slice(1)
  const landing = [sequence, ...copies.map((copy) => `copy ${copy}`)].join(', ')
  const stateRef = sealedBytes === 0 ? '' : bytes(sealedBytes)
  return [landing, region, stateRef, bytes(landingResult.usage.bytesRead), bytes(bytesMoved), seconds(took)]
}
