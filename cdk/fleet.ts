import { Tags } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { FleetConfig } from '../lib/config/index.ts'
import { RegionStack } from './region-stack.ts'

export interface FleetProps {
  readonly config: FleetConfig
  /** If absent, each stack is deployed to the account of the credentials. */
  readonly account?: string | undefined
  /** The built function: `dist/functions/data-locality`. */
  readonly assetDir: string
  /** The built function: `dist/functions/relay`. */
  readonly relayAssetDir: string
  /** The built function: `dist/functions/compiler`. */
  readonly compilerAssetDir: string
}

/** Adds the stacks of a fleet to an app, one for each region. The first stack also has the resources that all share. */
export function addFleet(scope: Construct, { config, account, ...assets }: FleetProps): RegionStack[] {
  const stacks = config.regions.map(
    (region) =>
      new RegionStack(scope, `lander-${config.fleet}-${region}`, {
        config,
        region,
        account,
        ...assets,
        description: `Lander fleet ${config.fleet} in ${region}: runs agents beside the data`,
      }),
  )
  const [first, ...others] = stacks
  // The first stack creates the replicas of the secret, which the functions of the others read.
  for (const stack of others) stack.addStackDependency(first!)
  for (const stack of stacks) addTags(stack, config)
  return stacks
}

function addTags(stack: RegionStack, { fleet, tags }: FleetConfig): void {
  for (const [name, value] of Object.entries({ 'lander:fleet': fleet, ...tags })) {
    Tags.of(stack).add(name, value, { excludeResourceTypes: TAGLESS })
  }
}

// CloudFormation supports tags on dashboards since recently; linters and emulators reject them still.
const TAGLESS = ['AWS::CloudWatch::Dashboard']
