import { ArnFormat, Duration, Stack, Token } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { EnvironmentGrant } from './environment-grant.ts'
import { FleetFunction } from './fleet-function.ts'

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
export class RelayFunction extends FleetFunction {
  constructor(scope: Construct, id: string, { fleet, assetDir, deadLetters, logRetention }: RelayFunctionProps) {
    super(scope, id, {
      functionName: relayNameOf(fleet),
      description: `Lander fleet ${fleet}: carries detached missions from region to region`,
      roleDescription: `Lander fleet ${fleet}: carries detached missions between the fleet's regions`,
      assetDir,
      logRetention,
      traced: true,
      settings: {
        memorySize: MEMORY_MB,
        timeout: TIMEOUT,
        deadLetterQueue: deadLetters,
        // A relay that died is started again: it finds in the ledgers what has been done, and does none of it twice.
        retryAttempts: 2,
        // It starts its own successor, four times an hour, until the mission's order expires.
        recursiveLoop: lambda.RecursiveLoop.ALLOW,
        environment: { LANDER_FLEET: fleet },
      },
    })
    this.use(this.#fleetGrant(fleet))
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
