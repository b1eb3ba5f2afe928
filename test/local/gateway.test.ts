import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { InvokeCommand, InvokeWithResponseStreamCommand } from '@aws-sdk/client-lambda'
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type LocalCloud, startCloud } from '../../lib/local/cloud.ts'
import { routeRequest } from '../../lib/local/routing.ts'
import type { LinkFigures } from '../../lib/local/wan.ts'
import { answerHeadBytes, requestHeadBytes } from '../../lib/local/wan-proxy.ts'
import { startTestCloud, type TestCloud } from './support/cloud.ts'
import { signedPost } from './support/signed-post.ts'

const NO_DELAY: LinkFigures = { rttMs: () => 0, bitsPerSecond: () => 1e12 }

function s3Of(cloud: LocalCloud, region: string, endpoint = cloud.endpoint): S3Client {
  return new S3Client({ endpoint, region, credentials: cloud.credentials, forcePathStyle: true, maxAttempts: 1 })
}

describe('routes', () => {
  const regions = ['us-east-1', 'eu-west-1']
  const signed = (region: string, service: string) => ({
    url: '/a',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=k/20261123/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    },
  })
  const route = (request: object) => routeRequest({ method: 'GET', headers: {}, ...request }, regions, 'us-east-1')

  test('the scope of the signature names region and service', () => {
    expect(route(signed('eu-west-1', 's3'))).toEqual({ kind: 'service', region: 'eu-west-1', service: 's3' })
    expect(route(signed('us-east-1', 'lambda'))).toEqual({ kind: 'service', region: 'us-east-1', service: 'lambda' })
  })

  test('a presigned URL has its scope in the query', () => {
    const url = '/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k%2F20261123%2Feu-west-1%2Fs3%2Faws4_request'
    expect(route({ url })).toEqual({ kind: 'service', region: 'eu-west-1', service: 's3' })
  })

  test('what it does not have is told apart', () => {
    expect(route(signed('mars-north-1', 's3'))).toMatchObject({ kind: 'unknownRegion', region: 'mars-north-1' })
    expect(route(signed('eu-west-1', 'sts'))).toEqual({ kind: 'unknownService', service: 'sts' })
  })

  test('an anonymous request is for the S3 of the place', () => {
    expect(route({ url: '/bucket/key' })).toEqual({ kind: 'service', region: 'us-east-1', service: 's3' })
  })

  test('its own pages answer to GET alone, and only there', () => {
    expect(route({ url: '/_lander/health' })).toEqual({ kind: 'health' })
    expect(route({ url: '/_lander/links' })).toEqual({ kind: 'links' })
    expect(route({ url: '/_lander/health', method: 'PUT' }).kind).toBe('service')
    expect(route({ url: '/_lander/other' }).kind).toBe('service')
  })
})

describe('one port', () => {
  let local: TestCloud
  beforeAll(async () => {
    local = await startTestCloud()
  })
  afterAll(() => local.close())

  test('serves S3 and Lambda of every region', async () => {
    const { cloud } = local
    for (const region of cloud.regions) {
      const s3 = s3Of(cloud, region)
      await cloud.createBucket(region, `bucket-${region}`)
      await s3.send(new PutObjectCommand({ Bucket: `bucket-${region}`, Key: 'k', Body: region }))
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: `bucket-${region}`, Key: 'k' }))
      expect(await Body?.transformToString()).toBe(region)
    }
    const fn = await local.deploy('export const handler = async () => process.env.AWS_REGION')
    const { Payload } = await local.lambda.send(new InvokeCommand({ FunctionName: fn.name }))
    expect(Payload?.transformToString()).toBe('"eu-west-1"')
  })

  test('says that it is well, and which regions it has', async () => {
    const answer = await fetch(`${local.cloud.endpoint}/_lander/health`)
    expect(await answer.json()).toEqual({ status: 'ok', pid: process.pid, regions: ['eu-west-1', 'us-east-1'] })
  })

  test('names its regions to who asks for another one, in the way of the service', async () => {
    const lambda = await signedPost(local.cloud, '/2015-03-31/functions/a/invocations', '{}', {
      region: 'mars-north-1',
    })
    expect(lambda.status).toBe(400)
    expect(await lambda.json()).toEqual({
      message: 'the local cloud has no region mars-north-1; it has eu-west-1, us-east-1',
    })
    await expect(s3Of(local.cloud, 'mars-north-1').send(new ListBucketsCommand({}))).rejects.toMatchObject({
      name: 'UnknownRegion',
      message: expect.stringContaining('eu-west-1, us-east-1'),
    })
  })

  test('tells who asks for another service what it has', async () => {
    const answer = await signedPost(local.cloud, '/', 'Action=GetCallerIdentity', { service: 'sts' })
    expect(answer.status).toBe(501)
    expect(await answer.json()).toEqual({ message: 'the local cloud has s3 and lambda, not sts' })
  })

  test('tells it in XML to a client that sends forms', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
    const answer = await signedPost(local.cloud, '/', 'Action=GetCallerIdentity', { service: 'sts', headers })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([501, 'application/xml'])
    expect(await answer.text()).toContain('<ErrorResponse><Error><Code>UnknownService</Code>')
  })

  test('turns an anonymous request away', async () => {
    const answer = await fetch(`${local.cloud.endpoint}/bucket-eu-west-1/k`)
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('<Code>AccessDenied</Code>')
  })

  test('refuses a start on a port that is taken, and a region nobody knows', async () => {
    const dir = join(local.dir, 'second')
    const port = Number(new URL(local.cloud.endpoint).port)
    await expect(startCloud({ dir, regions: ['us-east-1'], port })).rejects.toMatchObject({
      code: 'LOCAL_RUNNING',
    })
    const mars = startCloud({ dir, regions: ['us-east-1', 'mars-north-1'], wan: {} })
    await expect(mars).rejects.toMatchObject({ code: 'REGION_UNKNOWN' })
    await expect(local.cloud.createBucket('mars-north-1', 'b')).rejects.toMatchObject({ code: 'REGION_UNKNOWN' })
  })
})

test('buckets and objects are there again after a restart', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-restart-'))
  const options = { dir, regions: ['eu-west-1'] }
  const first = await startCloud(options)
  await first.createBucket('eu-west-1', 'kept')
  await s3Of(first, 'eu-west-1').send(new PutObjectCommand({ Bucket: 'kept', Key: 'k', Body: 'still here' }))
  await first.close()
  const second = await startCloud(options)
  await second.createBucket('eu-west-1', 'kept')
  const { Body } = await s3Of(second, 'eu-west-1').send(new GetObjectCommand({ Bucket: 'kept', Key: 'k' }))
  expect(await Body?.transformToString()).toBe('still here')
  await second.close()
  await rm(dir, { recursive: true, force: true })
})

describe.each([
  ['unshaped', undefined],
  ['shaped', { figures: NO_DELAY, clientBps: 1e12 }],
] as const)('links, %s', (_, wan) => {
  let local: TestCloud
  afterEach(() => local.close())

  async function start(): Promise<TestCloud> {
    local = await startTestCloud(wan === undefined ? {} : { wan })
    return local
  }

  /** Speaks HTTP by hand, so that every byte is known. */
  async function exchange(endpoint: string, lines: readonly string[]): Promise<{ sent: number; received: number }> {
    const socket = connect(Number(new URL(endpoint).port), '127.0.0.1')
    const head = [...lines, 'Host: x', 'Connection: close', '', ''].join('\r\n')
    socket.write(head)
    const received = Buffer.byteLength(await text(socket))
    return { sent: head.length, received }
  }

  test('every byte is counted, both ways, on the link it took', async () => {
    const { cloud } = await start()
    const scope = 'Credential=k/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0'
    const lines = ['GET /bucket/key HTTP/1.1', `Authorization: AWS4-HMAC-SHA256 ${scope}`]
    const one = await exchange(cloud.endpoint, lines)
    const two = await exchange(cloud.endpoint, lines)
    expect(cloud.links()).toEqual([
      {
        from: 'client',
        to: 'us-east-1',
        requests: 2,
        bytesThere: one.sent + two.sent,
        bytesBack: one.received + two.received,
      },
    ])
    const answer = (await (await fetch(`${cloud.endpoint}/_lander/links`)).json()) as { links: unknown }
    expect(answer.links).toEqual(cloud.links())
  })

  test('a large object goes through whole, up and down, and is counted', async () => {
    const { cloud } = await start()
    const body = Buffer.alloc(3_000_000, 'object ')
    await cloud.createBucket('us-east-1', 'big')
    const s3 = s3Of(cloud, 'us-east-1')
    await s3.send(new PutObjectCommand({ Bucket: 'big', Key: 'k', Body: body }))
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'big', Key: 'k' }))
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(body)).toBe(true)
    const [link] = cloud.links()
    for (const bytes of [link?.bytesThere, link?.bytesBack]) {
      expect(bytes).toBeGreaterThan(3_000_000)
      expect(bytes).toBeLessThan(3_010_000)
    }
  })

  test('what a function reads in its own region stays off the home line; what it reads elsewhere is on that link', async () => {
    const { cloud, deploy, lambda } = await start()
    for (const region of cloud.regions) {
      await cloud.createBucket(region, `data-${region}`)
      const put = new PutObjectCommand({ Bucket: `data-${region}`, Key: 'k', Body: Buffer.alloc(500_000) })
      await s3Of(cloud, region).send(put)
    }
    const client = () =>
      cloud
        .links()
        .filter(({ from }) => from === 'client')
        .reduce((sum, link) => sum + link.bytesBack, 0)
    const before = client()
    const sdk = import.meta.resolve('@aws-sdk/client-s3')
    const fn = await deploy(
      `import s3 from ${JSON.stringify(sdk)}
      export const handler = async () => {
        const sizes = []
        for (const region of ['eu-west-1', 'us-east-1']) {
          const client = new s3.S3Client({ region, forcePathStyle: true })
          const { Body } = await client.send(new s3.GetObjectCommand({ Bucket: 'data-' + region, Key: 'k' }))
          sizes.push((await Body.transformToByteArray()).length)
        }
        return sizes
      }`,
      { timeoutSeconds: 30, memoryMb: 512 },
    )
    const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: fn.name }))
    expect(Payload?.transformToString()).toBe('[500000,500000]')
    expect(client() - before).toBeLessThan(2000)
    const between = cloud.links().filter(({ from }) => from !== 'client')
    expect(between.map(({ from, to, requests }) => [from, to, requests])).toEqual([
      ['eu-west-1', 'eu-west-1', 1],
      ['eu-west-1', 'us-east-1', 1],
    ])
    for (const { bytesBack } of between) {
      expect(bytesBack).toBeGreaterThan(500_000)
      expect(bytesBack).toBeLessThan(502_000)
    }
  })

  test('a streamed answer streams over the link, too', async () => {
    const { deploy, lambda } = await start()
    const fn = await deploy(`
      import { setTimeout as sleep } from 'node:timers/promises'
      export const handler = awslambda.streamifyResponse(async (event, stream) => {
        for (const part of ['a', 'b', 'c']) { stream.write(part); await sleep(5) }
        stream.end()
      })`)
    const { EventStream = [] } = await lambda.send(new InvokeWithResponseStreamCommand({ FunctionName: fn.name }))
    let answer = ''
    for await (const event of EventStream) answer += Buffer.from(event.PayloadChunk?.Payload ?? []).toString()
    expect(answer).toBe('abc')
  })

  test('Expect: 100-continue is answered before the body is sent', async () => {
    const { cloud } = await start()
    const socket = connect(Number(new URL(cloud.endpoint).port), '127.0.0.1')
    const scope = 'Credential=k/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0'
    const head = ['PUT /b/k HTTP/1.1', 'Host: x', `Authorization: AWS4-HMAC-SHA256 ${scope}`, 'Content-Length: 4']
    socket.write([...head, 'Expect: 100-continue', 'Connection: close', '', ''].join('\r\n'))
    await once(socket, 'readable')
    socket.write('body')
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 Bad Request\r\n/)
  })
})

test('inside a region nothing is shaped: its links have no path to take', async () => {
  const asked: string[] = []
  const rttMs = (from: string, to: string) => asked.push(`${from} ${to}`)
  const figures: LinkFigures = { ...NO_DELAY, rttMs }
  const local = await startTestCloud({ wan: { figures, near: 'us-east-1' } })
  expect(asked).not.toContain('eu-west-1 eu-west-1')
  await local.close()
})

test('heads are as long as they are on the wire', () => {
  const rawHeaders = ['Host', 'a', 'X-Long-Name', 'value']
  const call = { method: 'GET', url: '/path', rawHeaders } as Parameters<typeof requestHeadBytes>[0]
  expect(requestHeadBytes(call)).toBe('GET /path HTTP/1.1\r\nHost: a\r\nX-Long-Name: value\r\n\r\n'.length)
  const answer = { statusCode: 200, statusMessage: 'OK', rawHeaders } as Parameters<typeof answerHeadBytes>[0]
  expect(answerHeadBytes(answer)).toBe('HTTP/1.1 200 OK\r\nHost: a\r\nX-Long-Name: value\r\n\r\n'.length)
})
