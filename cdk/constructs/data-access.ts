import { Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import type { DataBucket } from '../../lib/config/index.ts'
import type { EnvironmentGrant } from './environment-grant.ts'

/**
 * Read access to the granted prefixes of a region's data buckets. It sets no environment variable, because the manifest
 * and the key policy decide what a run may read. These permissions limit both.
 */
export class DataAccess extends Construct {
  readonly #buckets: readonly DataBucket[]

  constructor(scope: Construct, id: string, { buckets }: { readonly buckets: readonly DataBucket[] }) {
    super(scope, id)
    this.#buckets = buckets
  }

  get grant(): EnvironmentGrant {
    return {
      environment: {},
      statements: this.#buckets.flatMap((bucket) => [this.#reading(bucket), this.#listing(bucket)]),
      acknowledgements: this.#buckets.flatMap((bucket) =>
        patternsOf(bucket).map((pattern) => ({
          id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${bucket.bucket}/${pattern}]`,
          reason: `The configuration grants the fleet read access to these keys of ${bucket.bucket}.`,
        })),
      ),
    }
  }

  #reading(bucket: DataBucket): iam.PolicyStatement {
    return new iam.PolicyStatement({
      actions: ['s3:GetObject'],
      resources: keysOf(bucket).map((key) => this.#arn(`${bucket.bucket}/${key}`)),
    })
  }

  /** A condition on the listed prefix, so that listing the whole bucket fails unless the whole bucket is granted. */
  #listing(bucket: DataBucket): iam.PolicyStatement {
    const whole = bucket.prefixes.includes('')
    return new iam.PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [this.#arn(bucket.bucket)],
      ...(whole ? {} : { conditions: { StringLike: { 's3:prefix': keysOf(bucket) } } }),
    })
  }

  #arn(resource: string): string {
    return Stack.of(this).formatArn({ service: 's3', region: '', account: '', resource })
  }
}

/**
 * The keys of the prefixes as patterns of IAM, matched by whole segments as in `prefixHolds` of lib/scope.ts: `logs/` is
 * everything below it; `logs/a` is that key and everything below it, but not `logs/ab`.
 */
export function keysOf({ prefixes }: Pick<DataBucket, 'prefixes'>): string[] {
  if (prefixes.includes('')) return ['*']
  return prefixes.flatMap((prefix) => (prefix.endsWith('/') ? [`${prefix}*`] : [prefix, `${prefix}/*`]))
}

const patternsOf = (bucket: DataBucket): string[] => keysOf(bucket).filter((key) => key.endsWith('*'))
