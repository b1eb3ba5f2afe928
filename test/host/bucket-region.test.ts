import { expect, test } from 'vitest'
import { localScopes, rememberRegions } from '../../lib/host/bucket-region.ts'
import type { Scope } from '../../lib/scope.ts'

const scope = (bucket: string): Scope => ({ bucket, prefix: '', actions: ['read'] })
const HOMES = new Map([
  ['logs-eu', 'eu-west-1'],
  ['logs-us', 'us-east-1'],
])

test('a place sees the buckets of its region and those of unknown region', async () => {
  const scopes = [scope('logs-eu'), scope('logs-us'), scope('unknown')]
  const local = await localScopes(scopes, 'eu-west-1', async (bucket) => HOMES.get(bucket))
  expect(local.map(({ bucket }) => bucket)).toEqual(['logs-eu', 'unknown'])
})

test('a known region is looked up once, an unknown one again', async () => {
  const asked: string[] = []
  const regionOf = rememberRegions(async (bucket) => {
    asked.push(bucket)
    return HOMES.get(bucket)
  })
  for (const bucket of ['logs-eu', 'logs-eu', 'unknown', 'unknown']) await regionOf(bucket)
  expect(asked).toEqual(['logs-eu', 'unknown', 'unknown'])
})
