import { Duration } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { EnvironmentGrant } from './environment-grant.ts'
import { FleetFunction } from './fleet-function.ts'

/** The name of a fleet's compiler function, which is the same in every region. */
export const compilerNameOf = (fleet: string): string => `lander-${fleet}-compiler`

/** clang and AssemblyScript need 0.7 GB. More than 1,769 MB give the function a whole vCPU. */
const MEMORY_MB = 2048
/** A compilation is stopped after 20 seconds. The rest is for a cold start. */
const TIMEOUT = Duration.seconds(30)

export interface CompilerFunctionProps {
  readonly fleet: string
  /** The built function: `dist/functions/compiler`. */
  readonly assetDir: string
  readonly logRetention: logs.RetentionDays
}

/**
 * The function that compiles kernels from source. It is separate from the data-locality function, because a compiler is
 * too large to trust: it reads no data and has no secret, and its role may only write its log and objects under
 * `kernels/`. Only data-locality functions may invoke it.
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

  /** What the data-locality function needs to invoke the compiler. */
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
