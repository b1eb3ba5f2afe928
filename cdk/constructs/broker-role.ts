import * as iam from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { acknowledge, type EnvironmentGrant } from './environment-grant.ts'

export interface BrokerRoleProps {
  readonly fleet: string
  /** The function's own role: nobody else may assume this one. */
  readonly functionRole: iam.Role
  /** What a session may read at most. */
  readonly data: EnvironmentGrant
}

/**
 * The role that may read the data in the function's place. The function assumes it anew for every run, narrowed to the
 * run's scopes, and can read nothing by itself: a run that is led astray reads what its statement names.
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
