import { RemovalPolicy } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { acknowledge, type EnvironmentGrant } from './environment-grant.ts'

export interface FleetFunctionProps {
  readonly functionName: string
  readonly description: string
  /** What the role is for, in a few words: it has nothing that is not granted by {@link FleetFunction.use}. */
  readonly roleDescription: string
  /** The built function, with `index.mjs`. */
  readonly assetDir: string
  readonly logRetention: logs.RetentionDays
  /** Whether X-Ray hears of its invocations. */
  readonly traced: boolean
  readonly settings: Pick<lambda.FunctionProps, 'memorySize' | 'timeout' | 'recursiveLoop'> &
    Partial<lambda.FunctionProps>
}

/** A function of a fleet, with a role and a log of its own: what all of them have in common. */
export class FleetFunction extends Construct {
  readonly function: lambda.Function
  readonly logGroup: logs.LogGroup
  readonly role: iam.Role

  constructor(scope: Construct, id: string, props: FleetFunctionProps) {
    super(scope, id)
    this.logGroup = new logs.LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: props.roleDescription,
    })
    // Not the managed policy, which may write to every log of the account.
    this.logGroup.grantWrite(this.role)
    this.function = this.#addFunction(props)
    if (props.traced) acknowledge(this.role, [NO_RESOURCE_IN_TRACES])
  }

  /** Gives the function a thing to use: variables, permissions and the reasons for them, together. */
  use({ environment, statements, acknowledgements }: EnvironmentGrant): void {
    for (const [name, value] of Object.entries(environment)) this.function.addEnvironment(name, value)
    for (const statement of statements) this.role.addToPrincipalPolicy(statement)
    acknowledge(this.role, acknowledgements)
  }

  #addFunction({ functionName, description, assetDir, traced, settings }: FleetFunctionProps): lambda.Function {
    const fn = new lambda.Function(this, 'Function', {
      functionName,
      description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(assetDir),
      handler: 'index.handler',
      role: this.role,
      logGroup: this.logGroup,
      // Metric filters read fields of JSON lines, and the platform's own lines shall be such too.
      loggingFormat: lambda.LoggingFormat.JSON,
      ...(traced && { tracing: lambda.Tracing.ACTIVE }),
      ...settings,
    })
    // The CDK writes the role into DependsOn although it is also referred to: right, and said twice.
    const resource = fn.node.defaultChild as lambda.CfnFunction
    resource.addMetadata('cfn-lint', { config: { ignore_checks: ['W3005'] } })
    return fn
  }
}

const NO_RESOURCE_IN_TRACES = {
  id: 'AwsSolutions-IAM5[Resource::*]',
  reason: 'X-Ray takes trace segments from a role, not for a resource: IAM knows no narrower form of these actions.',
}
