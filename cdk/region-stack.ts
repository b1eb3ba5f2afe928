import { Annotations, CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { FleetConfig } from '../lib/config/index.ts'
import { AgentBucket } from './constructs/agent-bucket.ts'
import { BrokerRole } from './constructs/broker-role.ts'
import { CompilerFunction, type CompilerFunctionProps } from './constructs/compiler-function.ts'
import { DataAccess } from './constructs/data-access.ts'
import { DataLocalityFunction } from './constructs/data-locality-function.ts'
import { DeadLetters } from './constructs/dead-letters.ts'
import type { EnvironmentGrant } from './constructs/environment-grant.ts'
import { FleetDashboard } from './constructs/fleet-dashboard.ts'
import { LogMetrics, RegionMetrics } from './constructs/fleet-metrics.ts'
import { FleetSecret, fleetSecretGrant, resolvedFleetSecret } from './constructs/fleet-secret.ts'
import { IsolatedNetwork } from './constructs/isolated-network.ts'
import { RegionAlarms } from './constructs/region-alarms.ts'
import { RelayFunction } from './constructs/relay-function.ts'

export interface RegionStackProps extends Omit<StackProps, 'env'> {
  readonly config: FleetConfig
  /** One of the configuration's regions. */
  readonly region: string
  /** If absent, the stack is deployed to the account of the credentials. */
  readonly account?: string | undefined
  /** The built function: `dist/functions/data-locality`. */
  readonly assetDir: string
  /** The built function: `dist/functions/relay`. */
  readonly relayAssetDir: string
  /** The built function: `dist/functions/compiler`. */
  readonly compilerAssetDir: string
}

/** The stack of one region: the functions, the agent bucket, permissions, network, metrics and alarms. */
export class RegionStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { config, region, account, assetDir, relayAssetDir, compilerAssetDir, ...props }: RegionStackProps,
  ) {
    super(scope, id, { ...props, env: { region, ...(account !== undefined && { account }) } })
    const { fleet, limits, logRetentionDays: logRetention } = config
    const isolated = config.network === 'isolated'
    const buckets = config.data.filter((bucket) => bucket.region === region)

    const agents = new AgentBucket(this, 'Agents')
    const network = isolated
      ? new IsolatedNetwork(this, 'Network', { agentBucket: agents.bucket, dataBuckets: buckets, logRetention })
      : undefined
    const deadLetters = new DeadLetters(this, 'DeadLetters')
    const shared = { deadLetters, logRetention }
    const locality = new DataLocalityFunction(this, 'DataLocality', { config, assetDir, network, ...shared })
    locality.use(agents.grant)
    const data = new DataAccess(this, 'Data', { buckets }).grant
    locality.use(
      config.perRunCredentials
        ? new BrokerRole(this, 'Broker', { fleet, functionRole: locality.role, data }).grant
        : data,
    )
    locality.use(isolated ? resolvedFleetSecret(fleet) : fleetSecretGrant(this, fleet))

    const relay = new RelayFunction(this, 'Relay', { fleet, assetDir: relayAssetDir, ...shared })
    relay.use(agents.relayGrant)

    // An isolated function can't invoke the compiler, so kernels must be packed as binaries there.
    if (!isolated) locality.use(this.#addCompiler(agents, { fleet, assetDir: compilerAssetDir, logRetention }))

    new LogMetrics(this, 'LogMetrics', { fleet, logGroup: locality.logGroup })
    new RegionAlarms(this, 'Alarms', {
      metrics: new RegionMetrics(fleet, region),
      deadLetters,
      returnedBytesPerDay: limits.returnedBytesPerDay,
    })
    if (region === config.regions[0]) this.#addFleetWideParts(config, locality)
    this.#addOutputs({ Fleet: fleet, Region: region, AgentBucket: agents.bucket.bucketName })
    this.#addOutputs({ FunctionName: locality.function.functionName, FunctionArn: locality.function.functionArn })
    this.#addOutputs({ RelayName: relay.function.functionName })
    if (config.rootKey !== undefined) this.#addOutputs({ RootKey: config.rootKey })
    this.#warn(config)
  }

  /** The region's first two zones, resolved at deployment, because a look-up would need credentials for synthesis. */
  override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()))
  }

  #addCompiler(agents: AgentBucket, props: CompilerFunctionProps): EnvironmentGrant {
    const compiler = new CompilerFunction(this, 'Compiler', props)
    compiler.use(agents.compilerGrant)
    return compiler.grant
  }

  #addFleetWideParts({ fleet, regions }: FleetConfig, locality: DataLocalityFunction): void {
    const secret = new FleetSecret(this, 'FleetSecret', { fleet, replicaRegions: regions.slice(1) })
    // The function refers to the secret by name, so CloudFormation can't infer the dependency.
    locality.function.node.addDependency(secret)
    new FleetDashboard(this, 'Dashboard', { fleet, regions })
  }

  /** The outputs that `lander fleet import` reads from the file of `cdk deploy --outputs-file`. */
  #addOutputs(outputs: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value })
  }

  #warn({ rootKey, network, data }: FleetConfig): void {
    const warn = (id: string, message: string) => Annotations.of(this).addWarningV2(`lander:${id}`, message)
    if (rootKey === undefined) {
      warn(
        'no-root-key',
        'the configuration has no rootKey, so the function admits no agent; add the public key of lander keygen',
      )
    }
    const exposed = data.find((bucket) => bucket.confidential)
    if (network === 'open' && exposed !== undefined) {
      warn(
        'open-network',
        `"${exposed.bucket}" is confidential and the network is open; remove "network" to isolate it`,
      )
    }
  }
}
