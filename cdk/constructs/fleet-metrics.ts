import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { functionNameOf } from './data-locality-function.ts'

const FIVE_MINUTES = Duration.minutes(5)

/** What a region's function is watched by. `region` lets one region's dashboard show another's. */
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

/**
 * Turns the function's log into metrics: it writes one line of JSON a run, with `lander` saying how it went. A metric
 * without lines costs nothing, so no default value is sent.
 */
export class LogMetrics extends Construct {
  constructor(scope: Construct, id: string, { fleet, logGroup }: { fleet: string; logGroup: logs.ILogGroup }) {
    super(scope, id)
    const addFilter = (metricName: string, lander: 'refused' | 'settled', metricValue: string) =>
      new logs.MetricFilter(this, metricName, {
        logGroup,
        metricNamespace: namespaceOf(fleet),
        metricName,
        filterPattern: logs.FilterPattern.stringValue('$.lander', '=', lander),
        metricValue,
      })
    addFilter('RefusedAdmissions', 'refused', '1')
    addFilter('BytesRead', 'settled', '$.usage.bytesRead')
    addFilter('BytesReturned', 'settled', '$.usage.bytesReturned')
  }
}
