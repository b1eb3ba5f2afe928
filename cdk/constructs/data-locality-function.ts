import { ArnFormat, Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { FleetConfig } from '../../lib/config/index.ts'
import { acknowledge, type EnvironmentGrant } from './environment-grant.ts'
import type { IsolatedNetwork } from './isolated-network.ts'

/** The name of a fleet's function, the same in every region: one fleet of a name to an account. */
export const functionNameOf = (fleet: string): string => `lander-${fleet}-data-locality`

export interface DataLocalityFunctionProps {
  readonly config: FleetConfig
  /** The built function: `dist/functions/data-locality`. */
  readonly assetDir: string
  /** Absent: the function reaches the internet, as Lambda's do. */
  readonly network?: IsolatedNetwork | undefined
  readonly logRetention: logs.RetentionDays
}

/** The function that takes agents in, its role, its log, and the queue of detached runs that came to nothing. */
export class DataLocalityFunction extends Construct {
  readonly function: lambda.Function
  readonly logGroup: logs.LogGroup
  readonly deadLetters: sqs.Queue
  readonly role: iam.Role

  constructor(scope: Construct, id: string, props: DataLocalityFunctionProps) {
    super(scope, id)
    const { fleet } = props.config
    this.logGroup = new logs.LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.deadLetters = this.#addDeadLetters()
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `Lander fleet ${fleet}: reads its data buckets and writes nothing but reservations`,
    })
    // Not the managed policy, which may write to every log of the account.
    this.logGroup.grantWrite(this.role)
    this.function = this.#addFunction(props)
    acknowledge(this.role, [NO_RESOURCE_IN_TRACES])
    if (props.network !== undefined) this.use(props.network.grantTo(this.#functionArn(fleet)))
  }

  /** Gives the function a thing to use: variables, permissions and the reasons for them, together. */
  use({ environment, statements, acknowledgements }: EnvironmentGrant): void {
    for (const [name, value] of Object.entries(environment)) this.function.addEnvironment(name, value)
    for (const statement of statements) this.role.addToPrincipalPolicy(statement)
    acknowledge(this.role, acknowledgements)
  }

  #addFunction({ config, assetDir, network }: DataLocalityFunctionProps): lambda.Function {
    const { fleet, limits } = config
    const fn = new lambda.Function(this, 'Function', {
      functionName: functionNameOf(fleet),
      description: `Lander fleet ${fleet}: takes signed agents in and runs them beside this region's data`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(assetDir),
      handler: 'index.handler',
      role: this.role,
      memorySize: limits.memoryMb,
      timeout: Duration.seconds(limits.timeoutSeconds),
      ephemeralStorageSize: Size.mebibytes(limits.ephemeralMb),
      ...(limits.concurrency === 'unreserved' ? {} : { reservedConcurrentExecutions: limits.concurrency }),
      tracing: lambda.Tracing.ACTIVE,
      logGroup: this.logGroup,
      // Metric filters read fields of JSON lines, and the platform's own lines shall be such too.
      loggingFormat: lambda.LoggingFormat.JSON,
      deadLetterQueue: this.deadLetters,
      // An order is good for one landing: a second attempt would be refused as a replay, and the first one's failure
      // would never reach the queue.
      retryAttempts: 0,
      recursiveLoop: lambda.RecursiveLoop.TERMINATE,
      environment: { LANDER_FLEET: fleet, ...(config.rootKey && { LANDER_ROOT_KEY: config.rootKey }) },
      ...(network && {
        vpc: network.vpc,
        vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
        securityGroups: [network.securityGroup],
      }),
    })
    // The CDK writes the role into DependsOn although it is also referred to: right, and said twice.
    const resource = fn.node.defaultChild as lambda.CfnFunction
    resource.addMetadata('cfn-lint', { config: { ignore_checks: ['W3005'] } })
    return fn
  }

  #addDeadLetters(): sqs.Queue {
    const queue = new sqs.Queue(this, 'DeadLetters', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    acknowledge(queue, [
      { id: 'AwsSolutions-SQS3', reason: 'This is the dead-letter queue: detached runs that failed end here.' },
    ])
    return queue
  }

  /** From the name, since the function itself waits for the role that this is for. */
  #functionArn(fleet: string): string {
    return Stack.of(this).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: functionNameOf(fleet),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
  }
}

const NO_RESOURCE_IN_TRACES = {
  id: 'AwsSolutions-IAM5[Resource::*]',
  reason: 'X-Ray takes trace segments from a role, not for a resource: IAM knows no narrower form of these actions.',
}
