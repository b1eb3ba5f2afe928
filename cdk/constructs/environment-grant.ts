import { Validations } from 'aws-cdk-lib'
import type * as iam from 'aws-cdk-lib/aws-iam'
import type { IConstruct } from 'constructs'

/**
 * Something the function may use, whole: the variables that tell the code about it, the permissions that let it, and
 * why each pattern in them is as narrow as IAM can say it. Handing these over as one keeps a variable from being set
 * without its grant, and a grant from staying when the variable is gone.
 */
export interface EnvironmentGrant {
  readonly environment: Readonly<Record<string, string>>
  readonly statements: readonly iam.PolicyStatement[]
  readonly acknowledgements: readonly Acknowledgement[]
}

/** A finding of cdk-nag that stands, and why. */
export interface Acknowledgement {
  /** The rule, or one finding of it: `AwsSolutions-IAM5[Resource::*]`. */
  readonly id: string
  readonly reason: string
}

/** Records on `construct`, and nowhere wider, that findings were judged. */
export function acknowledge(construct: IConstruct, acknowledgements: readonly Acknowledgement[]): void {
  if (acknowledgements.length > 0) Validations.of(construct).acknowledge(...acknowledgements)
}
