/** Tests your own agent against the local cloud: real signatures, real S3 requests, the real sandbox. */
import { deepEqual } from 'node:assert/strict'
import { packSigned, parseDataUri, run } from 'lander'
import { startLocalCloud } from 'lander/testing'

await using cloud = await startLocalCloud({ regions: ['us-east-1', 'eu-west-1'] })
await cloud.put('s3://logs-us/logs/1.log', 'ok\nERROR disk full\n', 'us-east-1')
await cloud.put('s3://logs-eu/logs/1.log', 'ERROR timeout\n', 'eu-west-1')

const { fleet, clients, key } = cloud
const scopes = ['s3://logs-us/', 's3://logs-eu/'].map(parseDataUri)
const { file } = await packSigned(`${import.meta.dirname}/count-lines.ts`, key, { scopes })
const { outcome, value } = await run({ fleet, clients, file, sender: key, input: { word: 'ERROR' } })

deepEqual({ outcome, value }, { outcome: 'completed', value: 2 })
console.log('count-lines finds 2 errors in 2 regions')
