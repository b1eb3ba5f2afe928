import { Duration } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { EnvironmentGrant } from './environment-grant.ts'
import { FleetFunction } from './fleet-function.ts'

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
export class CompilerFunction extends FleetFunction {
  constructor(scope: Construct, id: string, { fleet, assetDir, logRetention }: CompilerFunctionProps) {
    super(scope, id, {
      functionName: compilerNameOf(fleet),
      description: `Lander fleet ${fleet}: compiles kernels from C and AssemblyScript`,
      roleDescription: `Lander fleet ${fleet}: compiles kernels and can read no data`,
      assetDir,
      logRetention,
      traced: false,
      settings: { memorySize: MEMORY_MB, timeout: TIMEOUT, recursiveLoop: lambda.RecursiveLoop.TERMINATE },
    })
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
}
