import * as v from 'valibot'
import { UsageError } from '../errors.ts'

/** The outputs of one region's stack in the file of `cdk deploy --outputs-file`. */
const StackOutputsSchema = v.object({
  Fleet: v.string(),
  Region: v.string(),
  AgentBucket: v.string(),
  FunctionName: v.string(),
  FunctionArn: v.string(),
  RootKey: v.optional(v.string()),
  RelayName: v.optional(v.string()),
})

type StackOutputs = v.InferOutput<typeof StackOutputsSchema>

/** A deployed fleet: a fleet file without receipt keys, endpoint and credentials. */
export interface DeployedFleet {
  readonly name: string
  /** The public root key, which verifies the fleet's key policy, in base64url. */
  readonly rootKey: string
  /** Sorted by region. */
  readonly regions: readonly {
    readonly region: string
    readonly functionName: string
    readonly agentBucket: string
    readonly relayName?: string
  }[]
}

/**
 * Parses the outputs of a deployed fleet. It ignores stacks of other apps.
 *
 * @param json the document that `cdk deploy --outputs-file` wrote
 * @throws UsageError `CONFIG_INVALID` if no stack is a fleet's, if the stacks belong to two fleets, if two stacks are in
 * one region, or if the fleet has no root key
 *
 * @example
 * parseOutputs(JSON.parse(await readFile('outputs.json', 'utf8'))).regions[0].agentBucket
 */
export function parseOutputs(json: unknown, source = 'the outputs'): DeployedFleet {
  const stacks = v.is(v.record(v.string(), v.unknown()), json) ? Object.values(json) : []
  const ours = stacks.filter((stack): stack is StackOutputs => v.is(StackOutputsSchema, stack))
  const [first] = ours
  if (first === undefined) {
    throw invalid(
      `${source} has no stack of a fleet`,
      'write the file with cdk deploy --all --outputs-file outputs.json',
    )
  }
  requireOneFleet(ours, source)
  if (first.RootKey === undefined) {
    throw invalid(
      `fleet "${first.Fleet}" was deployed without a root key`,
      'add rootKey to lander.config.json and deploy',
    )
  }
  const regions = ours.map(({ Region, FunctionName, AgentBucket, RelayName }) => ({
    region: Region,
    functionName: FunctionName,
    agentBucket: AgentBucket,
    ...(RelayName !== undefined && { relayName: RelayName }),
  }))
  return { name: first.Fleet, rootKey: first.RootKey, regions: regions.sort((a, b) => (a.region < b.region ? -1 : 1)) }
}

function requireOneFleet(stacks: readonly StackOutputs[], source: string): void {
  const fleets = [...new Set(stacks.map(({ Fleet }) => Fleet))]
  if (fleets.length > 1) {
    throw invalid(
      `${source} has stacks of ${fleets.length} fleets: ${fleets.join(', ')}`,
      'deploy each fleet with another --outputs-file',
    )
  }
  const twice = stacks.find(({ Region }, i) => stacks.findIndex((stack) => stack.Region === Region) < i)
  if (twice !== undefined) {
    const fact = `${source} has two stacks of fleet "${twice.Fleet}" in ${twice.Region}`
    throw invalid(fact, 'destroy the unused one, or give it another fleet name')
  }
  const keys = new Set(stacks.map(({ RootKey }) => RootKey))
  if (keys.size > 1) throw invalid(`the regions in ${source} have different root keys`, 'deploy all regions again')
}

function invalid(fact: string, remedy: string): UsageError {
  return new UsageError('CONFIG_INVALID', fact, { remedy })
}
