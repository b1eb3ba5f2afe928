import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { acknowledge, type EnvironmentGrant } from './environment-grant.ts'

/** The name of a fleet's compiler, the same in every region. */
export const compilerNameOf = (fleet: string): string => `lander-${fleet}-compiler`

/** clang's own memory, its code as it is compiled, and AssemblyScript: 0.7 GB, and a processor of one's own. */
const MEMORY_MB = 2048
/** One compile is ended after 20 seconds; the rest is for a cold start. */
const TIMEOUT = Duration.seconds(30)

export interface CompilerFunctionProps {
  readonly fleet: string
  /** The built function: `dist/functions/compiler`. */
  readonly assetDir: string
  readonly logRetention: logs.RetentionDays
}

/**
 * The function that compiles kernels that come as source. It stands apart, since a compiler is a large thing to trust:
 * it reads nothing, knows no secret, is in no network of the fleet's, and its role may write its own log and put
 * binaries under `kernels/`. As many of it run as data-locality functions ask at a time, and nobody else may ask.
 */
export class CompilerFunction extends Construct {
  readonly function: lambda.Function
  readonly role: iam.Role

  constructor(scope: Construct, id: string, props: CompilerFunctionProps) {
    super(scope, id)
    const { fleet } = props
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `Lander fleet ${fleet}: compiles kernels and can read no data`,
    })
    logGroup.grantWrite(this.role)
    this.function = this.#addFunction(props, logGroup)
  }

  /** Gives the function a thing to use: variables, permissions and the reasons for them, together. */
  use({ environment, statements, acknowledgements }: EnvironmentGrant): void {
    for (const [name, value] of Object.entries(environment)) this.function.addEnvironment(name, value)
    for (const statement of statements) this.role.addToPrincipalPolicy(statement)
    acknowledge(this.role, acknowledgements)
  }

  /** What the data-locality function needs to have kernels compiled. */
  get grant(): EnvironmentGrant {
    const { functionName, functionArn } = this.function
    return {
      environment: { LANDER_COMPILER: functionName },
      statements: [
        new iam.PolicyStatement({
          sid: 'CompileKernels',
          actions: ['lambda:InvokeFunction'],
          resources: [functionArn],
        }),
      ],
      acknowledgements: [],
    }
  }

  #addFunction({ fleet, assetDir }: CompilerFunctionProps, logGroup: logs.LogGroup): lambda.Function {
    const fn = new lambda.Function(this, 'Function', {
      functionName: compilerNameOf(fleet),
      description: `Lander fleet ${fleet}: compiles kernels from C and AssemblyScript`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(assetDir),
      handler: 'index.handler',
      role: this.role,
      memorySize: MEMORY_MB,
      timeout: TIMEOUT,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      recursiveLoop: lambda.RecursiveLoop.TERMINATE,
    })
    // The CDK writes the role into DependsOn although it is also referred to: right, and said twice.
    const resource = fn.node.defaultChild as lambda.CfnFunction
    resource.addMetadata('cfn-lint', { config: { ignore_checks: ['W3005'] } })
    return fn
  }
}
