import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { locateBucket } from '../../lib/fleet/locate-bucket.ts'
import { createS3AgentBucket } from '../../lib/objects/s3-agent-bucket.ts'
import { explainUnreached } from '../../lib/objects/s3-unreached.ts'

const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }

function clientOf(options: ConstructorParameters<typeof S3Client>[0]): S3Client {
  const client = new S3Client({ region: 'eu-west-1', maxAttempts: 1, forcePathStyle: true, credentials, ...options })
  onTestFinished(() => client.destroy())
  return client
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

describe('an unreachable S3', () => {
  test('that does not listen is reported by its address', async () => {
    const port = await freePort()
    const client = clientOf({ endpoint: `http://127.0.0.1:${port}` })
    const refusal = { code: 'STORE_FAILED', remedy: expect.stringContaining('AWS_ENDPOINT_URL') }
    const message = expect.stringContaining(`nothing answers at 127.0.0.1:${port} (ECONNREFUSED)`)
    await expect(locateBucket(client, 'logs')).rejects.toMatchObject({ ...refusal, message })
    await expect(createS3AgentBucket({ client, bucket: 'agents' }).get('key', 9)).rejects.toMatchObject({
      ...refusal,
      message,
    })
  })

  test('without credentials says how to get some', async () => {
    const none = async () => {
      throw Object.assign(new Error('secret words'), { name: 'CredentialsProviderError' })
    }
    const client = clientOf({ endpoint: 'http://127.0.0.1:9', credentials: none })
    await expect(locateBucket(client, 'logs')).rejects.toMatchObject({
      message: 'S3 did not tell the region of bucket "logs": there are no AWS credentials',
      remedy: expect.stringContaining('AWS_PROFILE'),
    })
  })

  test('by name or by timeout has its own message', () => {
    const unnamed = Object.assign(new Error(), { code: 'ENOTFOUND', hostname: 's3.mars-1.amazonaws.com' })
    expect(explainUnreached(unnamed)?.why).toContain('s3.mars-1.amazonaws.com')
    expect(explainUnreached(Object.assign(new Error(), { name: 'TimeoutError' }))?.why).toContain('in time')
    expect(explainUnreached(new Error('other'))).toBeUndefined()
    expect(explainUnreached(undefined)).toBeUndefined()
  })
})
