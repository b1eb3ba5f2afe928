/** The whole way in one call: a signed bundle goes to the regions of its data, and one answer comes back. */

import { readManifest, signOrderFor } from '../author/sign-order.ts'
import type { LandingClient } from '../client/home.ts'
import { startLazyClient } from '../client/lazy-client.ts'
import { CLIENT } from '../client-name.ts'
import type { Json } from '../encoding/json.ts'
import { fromWireError, InternalError } from '../errors.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import type { LandingResult } from '../host/landing-result.ts'
import type { RegionResult } from '../relay/region-result.ts'
import { type MissionOptions, type MissionResult, runMission } from './mission.ts'
import { type MissionOutcome, type MissionUsage, usageOf, valuesOf, worstOutcome } from './outcome-of.ts'

/** How a mission ended, with one value made of all its results. */
export interface Answer {
  readonly mission: string
  readonly outcome: MissionOutcome
  /**
   * The agent's result: of its one region, merged from several by the agent's `merge`, or an array in the order of
   * `regions` when it has none. Absent unless every region completed.
   */
  readonly value?: Json
  readonly usage: MissionUsage
  readonly regions: readonly RegionResult[]
  /** What merging at home came to, where there was more than one answer to merge. */
  readonly merge?: LandingResult
}

/** Runs a signed bundle where its data lies and merges the answers. */
export async function run(options: MissionOptions): Promise<Answer> {
  await using client = startLazyClient(options, { soon: hasSeveralAnswers(options) })
  // Awaited here: home ends with this function.
  return await answerOf(await runMission(options), async () => ({ ...options, client: await client.ready() }))
}

/** What merging takes: a place of the caller's own, and who asks it to. */
export interface Merging extends Omit<MissionOptions, 'input'> {
  readonly client: LandingClient
}

/** One answer of a mission's results: where there are several, the agent's own `merge` makes it, on the caller's machine. */
export async function answerOf({ mission, regions }: MissionResult, merging: () => Promise<Merging>): Promise<Answer> {
  const summary = { mission, outcome: worstOutcome(regions), usage: usageOf(regions), regions }
  const values = valuesOf(regions)
  if (values === undefined) return summary
  if (values.length === 1) return { ...summary, value: values[0]! }
  const { client, ...options } = await merging()
  const merge = await runAtClient(
    client,
    { ...options, input: values, order: { ...options.order, scopes: [] } },
    'merge',
  )
  const { outcome } = merge
  if (outcome.kind === 'completed') return { ...summary, merge, value: outcome.value }
  return { ...summary, merge, outcome: outcome.kind }
}

/** Whether there will most likely be answers to merge. */
function hasSeveralAnswers({ file, order = {}, start }: MissionOptions): boolean {
  const places = order.regions ?? (order.scopes ?? readManifest(file).scopes).map(({ bucket }) => bucket)
  return start !== 'once' && new Set(places).size > 1
}

/** Runs a signed bundle on the caller's own machine, with the data that place was given. */
export async function runAtClient(
  client: LandingClient,
  { fleet, file, sender, input = null, order: draft = {}, signal, onProgress, now = Date.now }: MissionOptions,
  entry: 'run' | 'merge' = 'run',
): Promise<LandingResult> {
  const text = JSON.stringify(input)
  const manifest = readManifest(file)
  const order = signOrderFor({ manifest, draft, fleet: fleet.name, regions: [CLIENT], input: text, sender, now: now() })
  const bundle = { inline: Buffer.from(file).toString('base64url') }
  const reply = await client.invoke(
    { lander: FORMAT_VERSION, bundle, order: order.envelope, input: text, entry },
    { ...(signal && { signal }), ...(onProgress && { onProgress: (progress) => onProgress(CLIENT, progress) }) },
  )
  if ('error' in reply) throw fromWireError(reply.error)
  const { outcome } = reply.landingResult
  if (outcome.kind === 'departed') throw new InternalError('an agent departed from home')
  return { ...reply.landingResult, outcome }
}
