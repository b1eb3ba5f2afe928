import { Tags } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { FleetConfig } from '../lib/config/index.ts'
import { RegionStack } from './region-stack.ts'

export interface FleetProps {
  readonly config: FleetConfig
  /** Absent: each stack deploys to whatever account the credentials belong to. */
  readonly account?: string | undefined
  /** The built function: `dist/functions/data-locality`. */
  readonly assetDir: string
  /** The built function: `dist/functions/relay`. */
  readonly relayAssetDir: string
  /** The built function: `dist/functions/compiler`. */
  readonly compilerAssetDir: string
}

/** Adds a fleet to an app: a stack for each of its regions, the first of which holds what all share. */
export function addFleet(scope: Construct, { config, account, ...assets }: FleetProps): RegionStack[] {
  const stacks = config.regions.map(
    (region) =>
      new RegionStack(scope, `lander-${config.fleet}-${region}`, {
        config,
        region,
        account,
        ...assets,
        description: `Lander fleet ${config.fleet} in ${region}: agents land here, beside the data`,
      }),
  )
  const [client, ...others] = stacks
  // The secret's replicas are the first stack's; the others' functions expect them.
  for (const stack of others) stack.addStackDependency(client!)
  for (const stack of stacks) addTags(stack, config)
  return stacks
}

function addTags(stack: RegionStack, { fleet, tags }: FleetConfig): void {
  for (const [name, value] of Object.entries({ 'lander:fleet': fleet, ...tags })) {
    Tags.of(stack).add(name, value, { excludeResourceTypes: TAGLESS })
  }
}

// CloudFormation learned tags on dashboards lately, and its linters and emulators don't know them yet.
const TAGLESS = ['AWS::CloudWatch::Dashboard']
