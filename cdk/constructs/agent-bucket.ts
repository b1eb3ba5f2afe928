import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { type Acknowledgement, acknowledge, type EnvironmentGrant } from './environment-grant.ts'

/** A bundle that nobody uploaded again for this long is removed. The next run uploads it anew. */
const BUNDLE_LIFE = Duration.days(90)
/** Reservations outlive every order they guard: an order that could still be replayed has expired long before. */
const RESERVATION_LIFE = Duration.days(30)
/** A state is carried on within minutes, and void when its order expires, a day after it was signed at most. */
const STATE_LIFE = Duration.days(2)

/**
 * A region's agent bucket: signed bundles under `agents/`, the key policy under `trust/`, what became of every landing
 * under `missions/`, large sealed states on their way under `states/`, and compiled kernels under `kernels/`.
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
      // Nothing in it is an original, so it goes with the stack. S3 refuses while objects are left: empty it first.
      removalPolicy: RemovalPolicy.DESTROY,
      lifecycleRules: [
        { id: 'bundles', prefix: 'agents/', expiration: BUNDLE_LIFE },
        { id: 'reservations', prefix: 'missions/', expiration: RESERVATION_LIFE },
        { id: 'states', prefix: STATES.replace('*', ''), expiration: STATE_LIFE },
        { id: 'kernels', prefix: KERNELS.replace('*', ''), expiration: BUNDLE_LIFE },
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    })
    acknowledge(this.bucket, [
      {
        id: 'AwsSolutions-S1',
        reason:
          'An access log would need a bucket of its own, and would tell less than what is there: every admission is a ' +
          "line of the function's log, with mission and statement digest. CloudTrail data events cover the rest.",
      },
    ])
  }

  /** What the function needs of this bucket: bundles and policy out of it, states and the ledger of missions both ways. */
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
        // Without it S3 answers 403 where there is no object, and "not uploaded yet" could not be told from "denied".
        allow('TellMissingFromDenied', ['s3:ListBucket'], [bucket.bucketArn]),
      ],
      acknowledgements: [...new Set([...READ_FOLDERS, ...WRITE_FOLDERS])].map((folder) => this.#patternIn(folder)),
    }
  }

  /** What the relay needs of this bucket: bundles and requests out of it, its word for the next relay and answers into it. */
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

  /** What the compiler needs of this bucket: binaries into it, and nothing out of it. */
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
      reason: `The names below ${folder} are digests and missions that do not exist yet when this is deployed.`,
    }
  }
}

const STATES = 'states/*'
/** The relay's own words about a mission: neither the ledger of its landings nor its request. */
const RELAY_FILES = ['missions/*/handover/*', 'missions/*/answer']
const MISSIONS = 'missions/*'
const KERNELS = 'kernels/*'
const READ_FOLDERS = ['agents/*', 'trust/*', STATES, MISSIONS, KERNELS]
/** The folders a function writes to: nothing else in any bucket. */
export const WRITE_FOLDERS = ['missions/*/landings/*', STATES]

function allow(sid: string, actions: string[], resources: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({ sid, actions, resources })
}
