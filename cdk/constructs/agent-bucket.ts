import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { type Acknowledgement, acknowledge, type EnvironmentGrant } from './environment-grant.ts'

/** Bundles and kernels are deleted this long after their upload. The next run uploads a deleted bundle again. */
const BUNDLE_LIFE = Duration.days(90)
/** The ledger is kept much longer than an order is valid (a day), so that no valid order can be replayed. */
const LEDGER_LIFE = Duration.days(30)
/** States are used within minutes, and are void when their order expires, at most a day after it was signed. */
const STATE_LIFE = Duration.days(2)

/**
 * The agent bucket of a region. It holds signed bundles under `agents/`, the key policy under `trust/`, the ledger of
 * landings under `missions/`, large sealed states under `states/`, and compiled kernels under `kernels/`.
 */
export class AgentBucket extends Construct {
  readonly bucket: s3.Bucket

  constructor(scope: Construct, id: string) {
    super(scope, id)
    this.bucket = new s3.Bucket(this, 'Bucket', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      // It has only copies, so it is deleted with the stack. S3 deletes no bucket with objects; empty it first.
      removalPolicy: RemovalPolicy.DESTROY,
      lifecycleRules: [
        { id: 'bundles', prefix: 'agents/', expiration: BUNDLE_LIFE },
        { id: 'ledger', prefix: 'missions/', expiration: LEDGER_LIFE },
        { id: 'states', prefix: STATES.replace('*', ''), expiration: STATE_LIFE },
        { id: 'kernels', prefix: KERNELS.replace('*', ''), expiration: BUNDLE_LIFE },
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    })
    acknowledge(this.bucket, [
      {
        id: 'AwsSolutions-S1',
        reason:
          'An access log would need another bucket and say less than the existing logs: the function logs every ' +
          'admission with its mission and manifest digest. CloudTrail data events cover the rest.',
      },
    ])
  }

  /** What the data-locality function needs: to read bundles and the policy, and to read and write states and the ledger. */
  get grant(): EnvironmentGrant {
    const { bucket } = this
    return {
      environment: { LANDER_AGENT_BUCKET: bucket.bucketName },
      statements: [
        allow(
          'ReadBundlesPolicyAndLedger',
          ['s3:GetObject'],
          [...READ_FOLDERS.map((folder) => bucket.arnForObjects(folder))],
        ),
        allow(
          'KeepLedgerAndHandOverStates',
          ['s3:PutObject'],
          [...WRITE_FOLDERS.map((folder) => bucket.arnForObjects(folder))],
        ),
        // Without ListBucket, S3 answers 403 for a missing object, which looks like a denied one.
        allow('TellMissingFromDenied', ['s3:ListBucket'], [bucket.bucketArn]),
      ],
      acknowledgements: [...new Set([...READ_FOLDERS, ...WRITE_FOLDERS])].map((folder) => this.#patternIn(folder)),
    }
  }

  /** What the relay needs: to read bundles and mission records, and to write handovers and answers. */
  get relayGrant(): EnvironmentGrant {
    const { bucket } = this
    return {
      environment: { LANDER_AGENT_BUCKET: bucket.bucketName },
      statements: [
        allow('ReadRequests', ['s3:GetObject'], [bucket.arnForObjects('agents/*'), bucket.arnForObjects(MISSIONS)]),
        allow(
          'HandOverAndAnswer',
          ['s3:PutObject'],
          RELAY_FILES.map((file) => bucket.arnForObjects(file)),
        ),
        allow('TellMissingFromDenied', ['s3:ListBucket'], [bucket.bucketArn]),
      ],
      acknowledgements: ['agents/*', MISSIONS, ...RELAY_FILES].map((folder) => this.#patternIn(folder)),
    }
  }

  /** What the compiler needs: to write kernels, and to read nothing. */
  get compilerGrant(): EnvironmentGrant {
    const { bucket } = this
    return {
      environment: { LANDER_AGENT_BUCKET: bucket.bucketName },
      statements: [allow('KeepKernels', ['s3:PutObject'], [bucket.arnForObjects(KERNELS)])],
      acknowledgements: [this.#patternIn(KERNELS)],
    }
  }

  #patternIn(folder: string): Acknowledgement {
    const bucketId = Stack.of(this).getLogicalId(this.bucket.node.defaultChild as s3.CfnBucket)
    return {
      id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${folder}]`,
      reason: `Keys below ${folder} contain digests and mission ids, which are not known at deployment.`,
    }
  }
}

const STATES = 'states/*'
/** The records of a mission that the relay writes. It can't write the ledger or the request. */
const RELAY_FILES = ['missions/*/handover/*', 'missions/*/answer']
const MISSIONS = 'missions/*'
const KERNELS = 'kernels/*'
const READ_FOLDERS = ['agents/*', 'trust/*', STATES, MISSIONS, KERNELS]
/** The only folders that the data-locality function can write to, in any bucket. */
export const WRITE_FOLDERS = ['missions/*/landings/*', STATES]

function allow(sid: string, actions: string[], resources: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({ sid, actions, resources })
}
