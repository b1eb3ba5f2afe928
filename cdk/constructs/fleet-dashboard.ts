import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import type { FleetConfig } from '../../lib/config/index.ts'
import { RegionMetrics } from './fleet-metrics.ts'

/** One dashboard for all regions. An account's first three dashboards are free; each further one costs USD 3 a month. */
export class FleetDashboard extends Construct {
  constructor(scope: Construct, id: string, { fleet, regions }: Pick<FleetConfig, 'fleet' | 'regions'>) {
    super(scope, id)
    const graph = (title: string, pick: (metrics: RegionMetrics) => cloudwatch.Metric) => {
      const left = regions.map((region) => pick(new RegionMetrics(fleet, region)).with({ label: region }))
      return new cloudwatch.GraphWidget({ title, left, width: 8 })
    }
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: `lander-${fleet}`,
      widgets: [
        [
          graph('Invocations', (region) => region.invocations),
          graph('Duration, p95', (region) => region.duration),
          graph('Errors', (region) => region.errors),
        ],
        [
          graph('Throttles', (region) => region.throttles),
          graph('Refused admissions', (region) => region.refused),
          graph('Bytes read in the region', (region) => region.bytesRead),
        ],
        [graph('Bytes returned', (region) => region.bytesReturned()), graph('Faults', (region) => region.faults)],
      ],
    })
  }
}
