/** Runs one mission in the example's fleet, and returns its answer. */
import { type Answer, type Json, type Limits, type PackOptions, packSigned, run, type Scope } from 'lander'
import type { Stage } from './example.ts'

export interface MissionPlan {
  /** The path of the agent's source. */
  readonly agent: string
  /** JSON. */
  readonly input: unknown
  /** @default all regions of the fleet */
  readonly regions?: readonly string[]
  /** @default 'everywhere' */
  readonly start?: 'once' | 'everywhere'
  /** @default [] */
  readonly scopes?: readonly Scope[]
  readonly limits?: Partial<Limits>
  /** The form in which kernels are sent. @default 'binary' */
  readonly kernels?: PackOptions['kernels']
  /** Whether the agent compiles code while it runs. @default false */
  readonly compiles?: boolean
}

/** A mission that did not complete. */
export class MissionError extends Error {
  override readonly name = 'MissionError'
}

/** Packs and signs an agent with the developer's key, runs it, and returns its answer for every outcome. */
export async function fly(stage: Stage<string>, plan: MissionPlan): Promise<Answer & { file: Uint8Array }> {
  const { fleet, clients, developer } = stage
  const { agent, input, start = 'everywhere', scopes = [], limits = {}, kernels, compiles = false } = plan
  const regions = plan.regions ?? fleet.regions.map(({ region }) => region)
  const { file } = await packSigned(agent, developer, { scopes, limits, compiles, ...(kernels && { kernels }) })
  const mission = { fleet, clients, file, sender: developer, input: input as Json, order: { regions }, start }
  return { ...(await run(mission)), file }
}

/**
 * Returns the value of a mission.
 *
 * @throws MissionError unless the mission completed
 */
export function completedValue<Value>({ outcome, value, regions }: Answer): Value {
  if (outcome === 'completed') return value as Value
  const problems = regions.flatMap(({ region, landingResult, error }) => {
    const ended = landingResult?.outcome
    if (ended?.kind === 'stopped') return [`${region}: stopped by ${ended.limit}: ${ended.message}`]
    if (ended?.kind === 'failed') return [`${region}: ${ended.error.code}: ${ended.error.message}`]
    return error === undefined ? [] : [`${region}: ${error.code}: ${error.message}`]
  })
  throw new MissionError(problems[0] ?? `the mission ${outcome}`)
}
