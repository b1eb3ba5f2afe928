import { Validations } from 'aws-cdk-lib'
import type * as iam from 'aws-cdk-lib/aws-iam'
import type { IConstruct } from 'constructs'

/**
 * Everything a function needs to use a resource: environment variables, permissions, and the reasons for the wildcards in
 * the permissions. They are passed as one, so that no variable is set without its permission, and no permission is left
 * over when a variable is removed.
 */
export interface EnvironmentGrant {
  readonly environment: Readonly<Record<string, string>>
  readonly statements: readonly iam.PolicyStatement[]
  readonly acknowledgements: readonly Acknowledgement[]
}

/** A finding of cdk-nag that is accepted, and the reason. */
export interface Acknowledgement {
  /** The rule, or one finding of it: `AwsSolutions-IAM5[Resource::*]`. */
  readonly id: string
  readonly reason: string
}

/** Records accepted findings on `construct` only, and not on its whole stack. */
export function acknowledge(construct: IConstruct, acknowledgements: readonly Acknowledgement[]): void {
  if (acknowledgements.length > 0) Validations.of(construct).acknowledge(...acknowledgements)
}
