/** The whole way in one call: a signed bundle goes to the regions of its data, and one answer comes back. */
import { HOME } from '../bundle/document.ts'
import { fromBase64url } from '../encoding/base64url.ts'
import type { Json } from '../encoding/json.ts'
import { fromWireError, InternalError, UnreachableError } from '../errors.ts'
import type { Settlement } from '../host/protocol.ts'
import { POLICY_KEY } from '../objects/agent-bucket.ts'
import { createS3AgentBucket } from '../objects/s3-agent-bucket.ts'
import type { KeyPolicy } from '../trust/policy.ts'
import { MAX_POLICY_FILE_BYTES, verifyPolicyFile } from '../trust/policy-file.ts'
import { type MissionOutcome, type MissionUsage, usageOf, valuesOf, worstOutcome } from './answer.ts'
import type { FleetClients } from './clients.ts'
import type { Fleet } from './fleet.ts'
import { createHome, type Home } from './home.ts'
import { type MissionOptions, type RegionResult, runMission } from './mission.ts'
import { readStatement, signOrderFor } from './orders.ts'

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
  readonly merge?: Settlement
}

/** Runs a signed bundle where its data lies and merges the answers. */
export async function run(options: MissionOptions): Promise<Answer> {
  const { mission, regions } = await runMission(options)
  const summary = { mission, outcome: worstOutcome(regions), usage: usageOf(regions), regions }
  const values = valuesOf(regions)
  if (values === undefined) return summary
  if (values.length === 1) return { ...summary, value: values[0]! }
  const { fleet, clients, now = Date.now } = options
  await using home = await createHome({ fleet: fleet.name, policy: await readPolicy(fleet, clients, now()), now })
  const merge = await runAtHome(home, { ...options, input: values, order: { ...options.order, scopes: [] } }, 'merge')
  const { outcome } = merge
  if (outcome.kind === 'completed') return { ...summary, merge, value: outcome.value }
  return { ...summary, merge, outcome: outcome.kind }
}

/** Runs a signed bundle on the caller's own machine, with the data that place was given. */
export async function runAtHome(
  home: Home,
  { fleet, file, sender, input = null, order: draft = {}, signal, onProgress, now = Date.now }: MissionOptions,
  entry: 'run' | 'merge' = 'run',
): Promise<Settlement> {
  const text = JSON.stringify(input)
  const statement = readStatement(file)
  const order = signOrderFor({ statement, draft, fleet: fleet.name, regions: [HOME], input: text, sender, now: now() })
  const bundle = { inline: Buffer.from(file).toString('base64url') }
  const reply = await home.invoke(
    { lander: 1, bundle, order: order.envelope, input: text, entry },
    { ...(signal && { signal }), ...(onProgress && { onProgress: (progress) => onProgress(HOME, progress) }) },
  )
  if ('error' in reply) throw fromWireError(reply.error)
  const { outcome } = reply.settlement
  if (outcome.kind === 'departed') throw new InternalError('an agent departed from home')
  return { ...reply.settlement, outcome }
}

/** The fleet's key policy, from the first region that answers. @throws RefusedError when it is not by the fleet's root key */
export async function readPolicy(fleet: Fleet, clients: FleetClients, now: number): Promise<KeyPolicy> {
  const { region, agentBucket } = fleet.regions[0]!
  const agents = createS3AgentBucket({ client: clients.s3(region), bucket: agentBucket })
  const bytes = await agents.get(POLICY_KEY, MAX_POLICY_FILE_BYTES)
  if (bytes === undefined) {
    throw new UnreachableError('REGION_UNREACHABLE', `fleet "${fleet.name}" has no key policy in ${region}`, {
      remedy: 'publish one with lander trust publish',
    })
  }
  return verifyPolicyFile(bytes, { rootKey: fromBase64url(fleet.rootKey), fleet: fleet.name, now })
}
