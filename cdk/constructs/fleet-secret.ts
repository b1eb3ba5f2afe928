import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as secrets from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { acknowledge, type EnvironmentGrant } from './environment-grant.ts'

/** The name of a fleet's secret, which is the same in every region. */
export const fleetSecretName = (fleet: string): string => `lander/${fleet}`

export interface FleetSecretProps {
  readonly fleet: string
  /** The other regions of the fleet. */
  readonly replicaRegions: readonly string[]
}

/**
 * The fleet's secret, from which every region derives the same keys. Secrets Manager generates it, so no template has it,
 * and replicates it, so each function reads it in its own region.
 */
export class FleetSecret extends Construct {
  constructor(scope: Construct, id: string, { fleet, replicaRegions }: FleetSecretProps) {
    super(scope, id)
    const secret = new secrets.Secret(this, 'Secret', {
      secretName: fleetSecretName(fleet),
      description: `Lander fleet ${fleet}: the master key from which sealing and receipt keys are derived`,
      // 64 characters out of 62 are 381 bits, more than the 256 bits that HKDF-SHA-256 can preserve.
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      replicaRegions: replicaRegions.map((region) => ({ region })),
      removalPolicy: RemovalPolicy.DESTROY,
    })
    acknowledge(secret, [
      {
        id: 'AwsSolutions-SMG4',
        reason:
          'The operator decides when to rotate: two epochs are valid during a rotation, because agents between regions ' +
          'have states of the old one. A schedule would need a function with write access to the secret.',
      },
    ])
  }
}

/**
 * What a function in any region needs to read the fleet's secret: its name in the variable `LANDER_FLEET_SECRET`, and the
 * permission. It uses the name and not the ARN, because only the name is known in every region.
 */
export function fleetSecretGrant(scope: Construct, fleet: string): EnvironmentGrant {
  const name = fleetSecretName(fleet)
  // The ARN ends with a hyphen and six random characters.
  const arn = Stack.of(scope).formatArn({ service: 'secretsmanager', resource: `secret:${name}-??????` })
  return {
    environment: { LANDER_FLEET_SECRET: name },
    statements: [new iam.PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [arn] })],
    acknowledgements: [],
  }
}

/**
 * The same for an isolated function. It has no route to Secrets Manager, and an interface endpoint would cost money every
 * hour. So CloudFormation puts the value into the function's encrypted environment at deployment, and the role has no
 * permission on the secret. After a rotation, `lander fleet rotate` updates the variable.
 */
export function resolvedFleetSecret(fleet: string): EnvironmentGrant {
  return {
    environment: { LANDER_FLEET_SECRET: `{{resolve:secretsmanager:${fleetSecretName(fleet)}:SecretString}}` },
    statements: [],
    acknowledgements: [],
  }
}
