import { Duration } from 'aws-cdk-lib'
import * as sqs from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { acknowledge } from './environment-grant.ts'

/** The dead-letter queue of the functions: it receives the events of asynchronous invocations that failed. */
export class DeadLetters extends sqs.Queue {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    acknowledge(this, [
      { id: 'AwsSolutions-SQS3', reason: 'This is itself a dead-letter queue, so it has none of its own.' },
    ])
  }
}
