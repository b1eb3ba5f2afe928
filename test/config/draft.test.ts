import { expect, test } from 'vitest'
import { draftConfig, parseConfig } from '../../lib/config/index.ts'
import type { Scope } from '../../lib/scope.ts'

const scope = (bucket: string, prefix: string): Scope => ({ bucket, prefix, actions: ['read'] })
const regionOf = new Map([
  ['logs-us', 'us-east-1'],
  ['logs-eu', 'eu-west-1'],
])

test('a draft has each bucket once, in its region, and the regions of all buckets', () => {
  const scopes = [scope('logs-eu', '2026/'), scope('logs-us', ''), scope('logs-eu', 'a.csv'), scope('logs-us', 'b/')]
  const draft = draftConfig({ fleet: 'sales', scopes, regionOf, regions: ['us-east-1', 'eu-north-1'] })
  expect(draft).toEqual({
    fleet: 'sales',
    regions: ['eu-west-1', 'us-east-1', 'eu-north-1'],
    data: [
      { bucket: 'logs-eu', region: 'eu-west-1', prefixes: ['2026/', 'a.csv'] },
      { bucket: 'logs-us', region: 'us-east-1' },
    ],
  })
  expect(() => parseConfig(draft)).not.toThrow()
})

test('a draft with confidential data is isolated by default', () => {
  const answers = { fleet: 'sales', scopes: [scope('logs-us', '')], regionOf, confidential: true }
  expect(parseConfig(draftConfig(answers)).network).toBe('isolated')
  expect(parseConfig(draftConfig({ ...answers, network: 'open' })).network).toBe('open')
})
