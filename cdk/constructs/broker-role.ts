import * as iam from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { acknowledge, type EnvironmentGrant } from './environment-grant.ts'

export interface BrokerRoleProps {
  readonly fleet: string
  /** The function's role. Only it may assume the broker role. */
  readonly functionRole: iam.Role
  /** The most that a session may read. */
  readonly data: EnvironmentGrant
}

/**
 * The role that may read the data buckets. The function's own role can't. For every run the function assumes this role
 * with a session policy for the run's scopes, so even a compromised run can read only what its manifest names.
 */
export class BrokerRole extends Construct {
  readonly #role: iam.Role

  constructor(scope: Construct, id: string, { fleet, functionRole, data }: BrokerRoleProps) {
    super(scope, id)
    this.#role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ArnPrincipal(functionRole.roleArn),
      description: `Lander fleet ${fleet}: reads the data buckets, for one run at a time`,
    })
    for (const statement of data.statements) this.#role.addToPolicy(statement)
    acknowledge(this.#role, data.acknowledgements)
  }

  get grant(): EnvironmentGrant {
    const { roleArn } = this.#role
    return {
      environment: { LANDER_BROKER_ROLE_ARN: roleArn },
      statements: [new iam.PolicyStatement({ actions: ['sts:AssumeRole'], resources: [roleArn] })],
      acknowledgements: [],
    }
  }
}
