import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { functionNameOf } from './data-locality-function.ts'

const FIVE_MINUTES = Duration.minutes(5)

/** The metrics of a region's function. They name their region, so that the dashboard can show all regions. */
export class RegionMetrics {
  readonly #fleet: string
  readonly #region: string

  constructor(fleet: string, region: string) {
    this.#fleet = fleet
    this.#region = region
  }

  get invocations(): cloudwatch.Metric {
    return this.#ofLambda('Invocations', 'Sum')
  }
  get errors(): cloudwatch.Metric {
    return this.#ofLambda('Errors', 'Sum')
  }
  get throttles(): cloudwatch.Metric {
    return this.#ofLambda('Throttles', 'Sum')
  }
  get duration(): cloudwatch.Metric {
    return this.#ofLambda('Duration', 'p95')
  }
  get refused(): cloudwatch.Metric {
    return this.#ofLog('RefusedAdmissions', FIVE_MINUTES)
  }
  get faults(): cloudwatch.Metric {
    return this.#ofLog('Faults', FIVE_MINUTES)
  }
  get bytesRead(): cloudwatch.Metric {
    return this.#ofLog('BytesRead', FIVE_MINUTES)
  }
  bytesReturned(period: Duration = FIVE_MINUTES): cloudwatch.Metric {
    return this.#ofLog('BytesReturned', period)
  }

  #ofLambda(metricName: string, statistic: string): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap: { FunctionName: functionNameOf(this.#fleet) },
      statistic,
      period: FIVE_MINUTES,
      region: this.#region,
    })
  }

  #ofLog(metricName: string, period: Duration): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: namespaceOf(this.#fleet),
      metricName,
      statistic: 'Sum',
      period,
      region: this.#region,
    })
  }
}

const namespaceOf = (fleet: string): string => `Lander/${fleet}`

/** The values of the field `lander` in the function's log: how a run ended. */
type LogEntry = 'finished' | 'refused' | 'internal' | 'unreachable'

/**
 * Metric filters on the function's log. It has one entry for each run, which Lambda's JSON format puts under `message`.
 * The filters have no default value, because a metric without data points costs nothing.
 */
export class LogMetrics extends Construct {
  constructor(scope: Construct, id: string, { fleet, logGroup }: { fleet: string; logGroup: logs.ILogGroup }) {
    super(scope, id)
    const addFilter = (metricName: string, metricValue: string, entries: readonly LogEntry[]) =>
      new logs.MetricFilter(this, metricName, {
        logGroup,
        metricNamespace: namespaceOf(fleet),
        metricName,
        filterPattern: anyOf(entries),
        metricValue,
      })
    addFilter('RefusedAdmissions', '1', ['refused'])
    addFilter('Faults', '1', ['internal', 'unreachable'])
    addFilter('BytesRead', '$.message.usage.bytesRead', ['finished'])
    addFilter('BytesReturned', '$.message.usage.bytesReturned', ['finished'])
  }
}

function anyOf(entries: readonly LogEntry[]): logs.JsonPattern {
  return logs.FilterPattern.any(
    ...entries.map((entry) => logs.FilterPattern.stringValue('$.message.lander', '=', entry)),
  )
}
