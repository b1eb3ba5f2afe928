import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, expect, test } from 'vitest'
import { synthesise } from './support/synthesise.ts'

const REGIONS = ['us-east-1', 'eu-west-1']
const DATA = [
  { bucket: 'logs-us', region: 'us-east-1', prefixes: ['2026/', 'one.csv'] },
  { bucket: 'all-eu', region: 'eu-west-1' },
]
const lintPresent = spawnSync('cfn-lint', ['--version']).status === 0

describe.each([
  ['a fleet in an open network', { network: 'open' }],
  ['a fleet in an isolated network', { network: 'isolated' }],
  ['a fleet with credentials for each run', { perRunCredentials: true }],
])('%s', (_, kind) => {
  const config = { fleet: 'demo', regions: REGIONS, data: DATA, tags: { team: 'research' }, ...kind }

  test('passes the AWS Solutions checks of cdk-nag', () => {
    const { app } = synthesise(config)
    expect(findingsIn(app)).toEqual([])
  })

  test('acknowledges findings one by one, each with a reason', () => {
    const { app } = synthesise(config)
    const acknowledged = app.node.findAll().flatMap(({ node }) => ownAcknowledgements(node.metadata))
    expect(acknowledged.length).toBeGreaterThan(5)
    for (const { id, reason } of acknowledged) {
      expect(id, reason).toMatch(/^Annotation::AwsSolutions-(IAM5\[.+\]|S1|SQS3|SMG4)$/)
      expect(reason.length, id).toBeGreaterThan(40)
    }
  })

  test.skipIf(!lintPresent)(`is clean to cfn-lint${lintPresent ? '' : ' (skipped: cfn-lint is not installed)'}`, () => {
    const { directory } = synthesise(config)
    const templates = readdirSync(directory).filter((name) => name.endsWith('.template.json'))
    expect(templates).toHaveLength(REGIONS.length)
    const { stdout, status } = spawnSync(
      'cfn-lint',
      templates.map((name) => join(directory, name)),
      { encoding: 'utf8' },
    )
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })
})

test('the checks find real problems', () => {
  const app = new App()
  new Bucket(new Stack(app, 'Careless'), 'Bucket')
  expect(findingsIn(app)).toContain('AwsSolutions-S10')
})

function findingsIn(app: App): string[] {
  return new AwsSolutionsChecks(app).validateScope(app).violations.map(({ ruleName }) => ruleName)
}

interface MetadataEntry {
  readonly type: string
  readonly data?: unknown
}

/** The CDK acknowledges findings of its own in the same way; this test ignores them. */
function ownAcknowledgements(metadata: readonly MetadataEntry[]): { id: string; reason: string }[] {
  return metadata
    .filter(({ type }) => type === 'aws:cdk:acknowledged-rules')
    .flatMap(({ data }) => Object.entries(data as Record<string, string>).map(([id, reason]) => ({ id, reason })))
    .filter(({ id }) => id.startsWith('Annotation::'))
}
