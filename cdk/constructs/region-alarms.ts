import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { RegionMetrics } from './fleet-metrics.ts'

/** Refusals in five minutes that trigger the alarm. Single ones are usual, for example of expired bundles. */
const REFUSALS_FOR_ALARM = 10

export interface RegionAlarmsProps {
  readonly metrics: RegionMetrics
  readonly deadLetters: sqs.IQueue
  readonly returnedBytesPerDay: number
}

/** The alarms of a region. Missing data triggers no alarm, because an unused function has no data points. */
export class RegionAlarms extends Construct {
  constructor(scope: Construct, id: string, { metrics, deadLetters, returnedBytesPerDay }: RegionAlarmsProps) {
    super(scope, id)
    this.#add('Errors', metrics.errors, 1, 'The function crashed or timed out. Failures of agents do not count.')
    this.#add('Faults', metrics.faults, 1, 'The function failed: its log has the error codes.')
    this.#add(
      'Throttles',
      metrics.throttles,
      1,
      'Lambda throttled invocations: raise limits.concurrency, or send fewer.',
    )
    this.#add(
      'RefusedAdmissions',
      metrics.refused,
      REFUSALS_FOR_ALARM,
      'Agents were refused: the log has the refusal codes.',
    )
    this.#add(
      'DeadLetters',
      deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
      1,
      'A detached mission failed: the queue holds its order.',
    )
    this.#add(
      'ReturnedBytes',
      metrics.bytesReturned(Duration.days(1)),
      returnedBytesPerDay,
      'The region returned more bytes of results in a day than limits.returnedBytesPerDay.',
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
