import { ArnFormat, Duration, Stack, Token } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { EnvironmentGrant } from './environment-grant.ts'
import { FleetFunction } from './fleet-function.ts'

/** The name of a fleet's relay function, which is the same in every region. */
export const relayNameOf = (fleet: string): string => `lander-${fleet}-relay`

/** It mostly waits, and its price grows with its memory. The largest thing in it is one sealed state and its base64. */
const MEMORY_MB = 256
/** The longest timeout of Lambda, because each relay must first read what the previous one did. */
const TIMEOUT = Duration.minutes(15)

export interface RelayFunctionProps {
  readonly fleet: string
  /** The built function: `dist/functions/relay`. */
  readonly assetDir: string
  readonly deadLetters: sqs.IQueue
  readonly logRetention: logs.RetentionDays
}

/**
 * The function that relays detached missions from region to region, as an attached client would. It has no secret and no
 * access to data, so it can't open the states that it transfers.
 */
export class RelayFunction extends FleetFunction {
  constructor(scope: Construct, id: string, { fleet, assetDir, deadLetters, logRetention }: RelayFunctionProps) {
    super(scope, id, {
      functionName: relayNameOf(fleet),
      description: `Lander fleet ${fleet}: relays detached missions from region to region`,
      roleDescription: `Lander fleet ${fleet}: relays detached missions between the fleet's regions`,
      assetDir,
      logRetention,
      traced: true,
      settings: {
        memorySize: MEMORY_MB,
        timeout: TIMEOUT,
        deadLetterQueue: deadLetters,
        // Lambda retries a relay that crashed. The retry reads the ledgers, so it repeats no landing.
        retryAttempts: 2,
        // A relay starts its successor before its timeout, four times an hour, until the mission's order expires.
        recursiveLoop: lambda.RecursiveLoop.ALLOW,
        environment: { LANDER_FLEET: fleet },
      },
    })
    this.use(this.#fleetGrant(fleet))
  }

  /** What it needs in all regions of the fleet: to invoke functions, and to read and write bundles and states. */
  #fleetGrant(fleet: string): EnvironmentGrant {
    const localities = this.#functionArn('*', `lander-${fleet}-data-locality`)
    // CloudFormation names the buckets of other regions after their stacks, so only a pattern is known here.
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
          // Other accounts can create buckets whose names match the pattern.
          conditions: { StringEquals: { 'aws:ResourceAccount': account } },
        }),
      ],
      acknowledgements: [
        {
          id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:lambda:*:${accountInFinding}:function:lander-${fleet}-data-locality]`,
          reason: "An agent can go to any of the fleet's regions, and the function has the same name in each.",
        },
        ...['agents/*', 'states/*'].map((folder) => ({
          id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${bucketNames}/${folder}]`,
          reason:
            "The names of the other regions' agent buckets are not known here. The relay uses bundles and sealed states.",
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
