import { ArnFormat, Duration, Size, Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { FleetConfig } from '../../lib/config/index.ts'
import { FleetFunction } from './fleet-function.ts'
import type { IsolatedNetwork } from './isolated-network.ts'

/** The name of a fleet's function, the same in every region. So an account can have only one fleet of a name. */
export const functionNameOf = (fleet: string): string => `lander-${fleet}-data-locality`

export interface DataLocalityFunctionProps {
  readonly config: FleetConfig
  /** The built function: `dist/functions/data-locality`. */
  readonly assetDir: string
  /** If absent, the function can reach the internet, as Lambda functions can by default. */
  readonly network?: IsolatedNetwork | undefined
  readonly deadLetters: sqs.IQueue
  readonly logRetention: logs.RetentionDays
}

/** The function that admits agents and runs them. */
export class DataLocalityFunction extends FleetFunction {
  constructor(scope: Construct, id: string, props: DataLocalityFunctionProps) {
    const { config, assetDir, network, logRetention } = props
    const { fleet } = config
    super(scope, id, {
      functionName: functionNameOf(fleet),
      description: `Lander fleet ${fleet}: admits signed agents and runs them beside this region's data`,
      roleDescription: `Lander fleet ${fleet}: reads its data buckets and writes only landings and states`,
      assetDir,
      logRetention,
      traced: true,
      settings: settingsOf(props),
    })
    if (network !== undefined) this.use(network.grantTo(this.#functionArn(fleet)))
  }

  /** Built from the name, because the function depends on the role whose policy contains this ARN. */
  #functionArn(fleet: string): string {
    return Stack.of(this).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: functionNameOf(fleet),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
  }
}

function settingsOf({ config, network, deadLetters }: DataLocalityFunctionProps) {
  const { fleet, limits } = config
  return {
    memorySize: limits.memoryMb,
    timeout: Duration.seconds(limits.timeoutSeconds),
    ephemeralStorageSize: Size.mebibytes(limits.ephemeralMb),
    ...(limits.concurrency === 'unreserved' ? {} : { reservedConcurrentExecutions: limits.concurrency }),
    deadLetterQueue: deadLetters,
    // An order is valid for one landing. A retry would be refused as a replay, and that refusal would hide the failure of
    // the first attempt from the dead-letter queue.
    retryAttempts: 0,
    recursiveLoop: lambda.RecursiveLoop.TERMINATE,
    environment: { LANDER_FLEET: fleet, ...(config.rootKey && { LANDER_ROOT_KEY: config.rootKey }) },
    ...(network && {
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [network.securityGroup],
    }),
  }
}
