import { ArnFormat, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { acknowledge, type EnvironmentGrant } from './environment-grant.ts'

/** The name of a fleet's relay, the same in every region. */
export const relayNameOf = (fleet: string): string => `lander-${fleet}-relay`

/** It waits most of its time, and is paid for it: a box and its base64 are all it ever holds. */
const MEMORY_MB = 256
/** Lambda's longest: each further relay of a mission starts with looking up what was done. */
const TIMEOUT = Duration.minutes(15)

export interface RelayFunctionProps {
  readonly fleet: string
  /** The built function: `dist/functions/relay`. */
  readonly assetDir: string
  readonly deadLetters: sqs.IQueue
  readonly logRetention: logs.RetentionDays
}

/**
 * The function that carries detached missions from region to region, as a client would. It is in no network of the
 * fleet's and knows no secret: what it carries it can't open, and data it can't read.
 */
export class RelayFunction extends Construct {
  readonly function: lambda.Function
  readonly role: iam.Role

  constructor(scope: Construct, id: string, props: RelayFunctionProps) {
    super(scope, id)
    const { fleet } = props
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `Lander fleet ${fleet}: carries detached missions between the fleet's regions`,
    })
    logGroup.grantWrite(this.role)
    this.function = this.#addFunction(props, logGroup)
    acknowledge(this.role, [NO_RESOURCE_IN_TRACES])
    this.use(this.#fleetGrant(fleet))
  }

  /** Gives the function a thing to use: variables, permissions and the reasons for them, together. */
  use({ environment, statements, acknowledgements }: EnvironmentGrant): void {
    for (const [name, value] of Object.entries(environment)) this.function.addEnvironment(name, value)
    for (const statement of statements) this.role.addToPrincipalPolicy(statement)
    acknowledge(this.role, acknowledgements)
  }

  #addFunction(props: RelayFunctionProps, logGroup: logs.LogGroup): lambda.Function {
    const { fleet, assetDir, deadLetters } = props
    const fn = new lambda.Function(this, 'Function', {
      functionName: relayNameOf(fleet),
      description: `Lander fleet ${fleet}: carries detached missions from region to region`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(assetDir),
      handler: 'index.handler',
      role: this.role,
      memorySize: MEMORY_MB,
      timeout: TIMEOUT,
      tracing: lambda.Tracing.ACTIVE,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      deadLetterQueue: deadLetters,
      // A relay that died is started again: it finds in the ledgers what has been done, and does none of it twice.
      retryAttempts: 2,
      // It starts its own successor, four times an hour, until the mission's order expires.
      recursiveLoop: lambda.RecursiveLoop.ALLOW,
      environment: { LANDER_FLEET: fleet },
    })
    // The CDK writes the role into DependsOn although it is also referred to: right, and said twice.
    const resource = fn.node.defaultChild as lambda.CfnFunction
    resource.addMetadata('cfn-lint', { config: { ignore_checks: ['W3005'] } })
    return fn
  }

  /** What it needs of the fleet's other regions: their functions, and their buckets' states. */
  #fleetGrant(fleet: string): EnvironmentGrant {
    const localities = this.#functionArn('*', `lander-${fleet}-data-locality`)
    // The buckets of other regions are not known when this one is deployed; CloudFormation names them after their stacks.
    const bucketNames = `lander-${fleet}-*-agents*`
    const handedOver = ['agents/*', 'states/*'].map((folder) => this.#s3Arn(`${bucketNames}/${folder}`))
    const { account } = Stack.of(this)
    const accountInFinding = Token.isUnresolved(account) ? '<AWS::AccountId>' : account
    return {
      environment: {},
      statements: [
        allow('LandAgents', ['lambda:InvokeFunction'], [localities]),
        allow(
          'StartTheNextRelay',
          ['lambda:InvokeFunction'],
          [this.#functionArn(Stack.of(this).region, relayNameOf(fleet))],
        ),
        new iam.PolicyStatement({
          sid: 'HandOverBundlesAndStates',
          actions: ['s3:GetObject', 's3:PutObject'],
          resources: handedOver,
          // Anyone may give a bucket of theirs such a name.
          conditions: { StringEquals: { 'aws:ResourceAccount': account } },
        }),
      ],
      acknowledgements: [
        {
          id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:lambda:*:${accountInFinding}:function:lander-${fleet}-data-locality]`,
          reason: "An agent goes to any of the fleet's regions, and its function has the same name in each of them.",
        },
        ...['agents/*', 'states/*'].map((folder) => ({
          id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${bucketNames}/${folder}]`,
          reason:
            "The fleet's agent buckets of other regions have names that are not known here; sealed states alone pass.",
        })),
      ],
    }
  }

  #functionArn(region: string, name: string): string {
    const { COLON_RESOURCE_NAME: arnFormat } = ArnFormat
    return Stack.of(this).formatArn({ service: 'lambda', region, resource: 'function', resourceName: name, arnFormat })
  }

  #s3Arn(resource: string): string {
    return Stack.of(this).formatArn({ service: 's3', region: '', account: '', resource })
  }
}

function allow(sid: string, actions: string[], resources: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({ sid, actions, resources })
}

const NO_RESOURCE_IN_TRACES = {
  id: 'AwsSolutions-IAM5[Resource::*]',
  reason: 'X-Ray takes trace segments from a role, not for a resource: IAM knows no narrower form of these actions.',
}
