import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { RegionMetrics } from './fleet-metrics.ts'

/** An expired bundle now and then is no news; this many refusals in five minutes are somebody trying. */
const REFUSALS_THAT_RING = 10

export interface RegionAlarmsProps {
  readonly metrics: RegionMetrics
  readonly deadLetters: sqs.IQueue
  readonly returnedBytesPerDay: number
}

/** A region's alarms. A metric without data is a function nobody calls, and no alarm. */
export class RegionAlarms extends Construct {
  constructor(scope: Construct, id: string, { metrics, deadLetters, returnedBytesPerDay }: RegionAlarmsProps) {
    super(scope, id)
    this.#add('Errors', metrics.errors, 1, 'The function crashed or ran out of time. An agent that fails is no error.')
    this.#add('Faults', metrics.faults, 1, 'The function could not do its work: see the codes in its log.')
    this.#add('Throttles', metrics.throttles, 1, 'Lambda turned calls away: raise limits.concurrency, or send fewer.')
    this.#add('RefusedAdmissions', metrics.refused, REFUSALS_THAT_RING, "Agents were refused: see the log's codes.")
    this.#add(
      'DeadLetters',
      deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
      1,
      'A detached run came to nothing: the queue holds its order.',
    )
    this.#add(
      'ReturnedBytes',
      metrics.bytesReturned(Duration.days(1)),
      returnedBytesPerDay,
      'More bytes of results left in a day than limits.returnedBytesPerDay expects.',
    )
  }

  #add(id: string, metric: cloudwatch.Metric, threshold: number, alarmDescription: string): void {
    new cloudwatch.Alarm(this, id, {
      metric,
      threshold,
      alarmDescription,
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    })
  }
}
