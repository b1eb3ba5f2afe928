import { RemovalPolicy } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { acknowledge, type EnvironmentGrant } from './environment-grant.ts'

export interface FleetFunctionProps {
  readonly functionName: string
  readonly description: string
  /** The purpose of the role. All its permissions come from {@link FleetFunction.use}. */
  readonly roleDescription: string
  /** The built function, with `index.mjs`. */
  readonly assetDir: string
  readonly logRetention: logs.RetentionDays
  /** Whether X-Ray traces its invocations. */
  readonly traced: boolean
  readonly settings: Pick<lambda.FunctionProps, 'memorySize' | 'timeout' | 'recursiveLoop'> &
    Partial<lambda.FunctionProps>
}

/** A Lambda function of a fleet with its own role and log: what the three kinds of functions have in common. */
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
    // The managed policy for logs would let the function write to every log group of the account.
    this.logGroup.grantWrite(this.role)
    this.function = this.#addFunction(props)
    if (props.traced) acknowledge(this.role, [NO_RESOURCE_IN_TRACES])
  }

  /** Grants the function a resource: sets the variables, adds the permissions, and records the accepted findings. */
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
      // Metric filters read fields of JSON lines, so the platform's lines must be JSON too.
      loggingFormat: lambda.LoggingFormat.JSON,
      ...(traced && { tracing: lambda.Tracing.ACTIVE }),
      ...settings,
    })
    // The CDK adds the role to DependsOn although the function also refers to it, which cfn-lint reports as redundant.
    const resource = fn.node.defaultChild as lambda.CfnFunction
    resource.addMetadata('cfn-lint', { config: { ignore_checks: ['W3005'] } })
    return fn
  }
}

const NO_RESOURCE_IN_TRACES = {
  id: 'AwsSolutions-IAM5[Resource::*]',
  reason: 'The X-Ray actions support no resources in IAM, so they need a wildcard.',
}
