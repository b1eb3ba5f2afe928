import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type S3Server, startS3Server } from '../../lib/local/s3/server.ts'
import { createS3Client, createS3Store } from '../../lib/objects/s3.ts'
import { describeObjectStore, listKeys, patternBytes, readChunks, type Seed } from '../contracts/object-store.ts'

const region = 'eu-west-1'
const credentials = { accessKeyId: 'reader', secretAccessKey: 'reader-secret' }
const secrets = new Map([[credentials.accessKeyId, credentials.secretAccessKey]])

async function openS3(seed: Seed) {
  const dir = await mkdtemp(join(tmpdir(), 'lander-s3-'))
  const server = await startS3Server({ dir, regions: [region, 'us-east-2'], credentials: secrets, fsync: false })
  const client = createS3Client({ region, endpoint: server.endpoint, credentials })
  await Promise.all(Object.entries(seed).map(([bucket, objects]) => seedBucket(client, bucket, objects)))
  return {
    server,
    store: createS3Store({ client, partBytes: 64 * 1024 }),
    put: (bucket: string, key: string, body: Uint8Array | string) => putObject(client, bucket, key, body),
    async close() {
      client.destroy()
      await server.close()
      await rm(dir, { recursive: true })
    },
  }
}

async function seedBucket(client: S3Client, bucket: string, objects: Seed[string] = {}): Promise<void> {
  const LocationConstraint = (await client.config.region()) as 'eu-west-1'
  await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint } }))
  // In batches: a request that waits for a free socket runs into the timeout for connecting.
  const entries = Object.entries(objects)
  for (let at = 0; at < entries.length; at += 50)
    await Promise.all(entries.slice(at, at + 50).map(([key, body]) => putObject(client, bucket, key, body)))
}

async function putObject(client: S3Client, bucket: string, key: string, body: Uint8Array | string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body) }))
}

describeObjectStore('S3', { open: openS3 })

let server: S3Server
let close: () => Promise<void>

beforeAll(async () => {
  ;({ server, close } = await openS3({ near: { data: patternBytes(200_000) } }))
  const client = createS3Client({ region: 'us-east-2', endpoint: server.endpoint, credentials })
  await seedBucket(client, 'far', { data: 'far away' })
  client.destroy()
})

afterAll(() => close())

test.each(['stat', 'list', 'read'] as const)(
  'to %s in a bucket of another region names both regions',
  async (method) => {
    const store = createS3Store({ region, endpoint: server.endpoint, credentials })
    onTestFinished(() => store.close())
    const object = { bucket: 'far', key: 'data', size: 8, etag: 'v' }
    const calls = {
      stat: () => store.stat(object),
      list: () => listKeys(store, object),
      read: () => readChunks(store, object),
    }
    await expect(calls[method]()).rejects.toMatchObject({
      code: 'BUCKET_ELSEWHERE',
      message: 'bucket "far" is in us-east-2, not in eu-west-1',
      remedy: 'read it in us-east-2',
    })
  },
)

test('reports unknown credentials without printing them', async () => {
  const store = createS3Store({
    region,
    endpoint: server.endpoint,
    credentials: { accessKeyId: 'stranger', secretAccessKey: 'strange-secret' },
  })
  onTestFinished(() => store.close())
  const failure = await listKeys(store, { bucket: 'near' }).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'OBJECT_FORBIDDEN' })
  expect(String(failure)).not.toMatch(/strange/)
})

test.each([
  ['one GET', 2 ** 20],
  ['ranges', 2 ** 16],
])('a client that checks what checksums it gets reads the same bytes, in %s', async (_, partBytes) => {
  const client = new S3Client({ region, endpoint: server.endpoint, credentials, forcePathStyle: true })
  const store = createS3Store({ client, partBytes })
  const chunks = await readChunks(store, await store.stat({ bucket: 'near', key: 'data' }))
  expect(Buffer.concat(chunks).equals(patternBytes(200_000))).toBe(true)
  store.close()
  expect((await store.stat({ bucket: 'near', key: 'data' })).size).toBe(200_000)
  client.destroy()
})
