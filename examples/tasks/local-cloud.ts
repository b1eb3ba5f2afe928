/** Tests an agent of your own against a cloud on this machine: real signatures, real S3 requests, the real sandbox. */
import { deepEqual } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { createFleetClients, packSigned, parseDataUri, run } from 'lander'
import { startLocalFleet } from 'lander/testing'

const DATA = { 'us-east-1': 'ok\nERROR disk full\n', 'eu-west-1': 'ERROR timeout\n' }

const dir = await mkdtemp(join(tmpdir(), 'count-lines-'))
try {
  await using local = await startLocalFleet({ dir, regions: Object.keys(DATA) })
  const { fleet, cloud, developer } = local
  using clients = createFleetClients(fleet)
  for (const [region, Body] of Object.entries(DATA)) {
    await cloud.createBucket(region, `logs-${region}`)
    await clients.s3(region).send(new PutObjectCommand({ Bucket: `logs-${region}`, Key: 'logs/1.log', Body }))
  }

  const scopes = Object.keys(DATA).map((region) => parseDataUri(`s3://logs-${region}/`))
  const { file } = await packSigned(join(import.meta.dirname, 'count-lines.ts'), developer, { scopes })
  const { outcome, value } = await run({ fleet, clients, file, sender: developer, input: { word: 'ERROR' } })
  deepEqual({ outcome, value }, { outcome: 'completed', value: 2 })
  console.log('count-lines finds 2 errors in 2 regions')
} finally {
  await rm(dir, { recursive: true, force: true })
}
