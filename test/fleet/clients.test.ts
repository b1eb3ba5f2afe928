import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, expect, test } from 'vitest'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import { startCloud } from '../../lib/local/cloud.ts'

const dir = mkdtempSync(join(tmpdir(), 'lander-clients-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('asks S3 once for a bucket’s region, and again if the bucket was missing', async () => {
  const cloud = await startCloud({ dir, regions: ['us-east-1', 'eu-west-1'] })
  using clients = createFleetClients(cloud)
  await expect(clients.regionOf('data-eu', 'us-east-1')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' })
  await cloud.createBucket('eu-west-1', 'data-eu')
  expect(await clients.regionOf('data-eu', 'us-east-1')).toBe('eu-west-1')
  await clients.s3('eu-west-1').send(new DeleteBucketCommand({ Bucket: 'data-eu' }))
  expect(await clients.regionOf('data-eu', 'us-east-1')).toBe('eu-west-1')
  await cloud.close()
})
