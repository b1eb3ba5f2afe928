/** Tests the local cloud over TLS: which clients it accepts, and which fail. */
import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { get as getPlainly, type IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { join } from 'node:path'
import { buffer, json } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFleetClients, type FleetClients } from '../../lib/fleet/clients.ts'
import { REGION, startTestCloud, type TestCloud } from './support/cloud.ts'

const run = promisify(execFile)
const present = (command: string, ...args: string[]) => spawnSync(command, args).status === 0
const awscli = present('aws', '--version')
const boto3 = present('python3', '-c', 'import boto3')
const curl = present('curl', '--version')

let local: TestCloud
let clients: FleetClients
/** A client's settings that trust another cloud's certificate and are otherwise right. */
let misled: FleetClients
let other: TestCloud
beforeAll(async () => {
  ;[local, other] = await Promise.all([startTestCloud({ tls: true }), startTestCloud({ tls: true })])
  clients = createFleetClients(local.cloud)
  misled = createFleetClients({ ...local.cloud, ca: other.cloud.ca })
  await local.cloud.createBucket(REGION, 'over-tls')
})
afterAll(async () => {
  for (const made of [clients, misled]) made[Symbol.dispose]()
  await Promise.all([local.close(), other.close()])
})

const deployed = () => local.deploy('export const handler = async ({ name }) => ({ hello: name })')
const invocation = (name: string) => new InvokeCommand({ FunctionName: name, Payload: '{"name":"tls"}' })

describe('a client that knows the certificate', () => {
  test('finds the cloud healthy', async () => {
    expect(local.cloud.endpoint).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const asked = get(`${local.cloud.endpoint}/_lander/health`, { ca: await readFile(local.cloud.ca!) })
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    expect(await json(answer)).toMatchObject({ status: 'ok', pid: process.pid })
  })

  // From 2 MiB on the SDK sends "Expect: 100-continue", and by default does so on a connection of its own.
  test.each([1000, 3_000_000])('puts and gets %d bytes', async (length) => {
    const [object, body] = [{ Bucket: 'over-tls', Key: `bytes-${length}` }, randomBytes(length)]
    await clients.s3(REGION).send(new PutObjectCommand({ ...object, Body: body }))
    const { Body } = await clients.s3(REGION).send(new GetObjectCommand(object))
    expect((await buffer(Body as NodeJS.ReadableStream)).equals(body)).toBe(true)
  })

  test('invokes functions', async () => {
    const { Payload } = await clients.lambda(REGION).send(invocation((await deployed()).name))
    expect(JSON.parse(Buffer.from(Payload!).toString())).toEqual({ hello: 'tls' })
  })

  test('has its requests and answers counted', async () => {
    const body = Buffer.alloc(1_000_000)
    const before = local.cloud.links().find(({ to }) => to === REGION)
    await clients.s3(REGION).send(new PutObjectCommand({ Bucket: 'over-tls', Key: 'counted', Body: body }))
    const after = local.cloud.links().find(({ to }) => to === REGION)
    const counted = after!.bytesThere - (before?.bytesThere ?? 0)
    expect(counted).toBeGreaterThan(body.length)
    expect(counted).toBeLessThan(body.length + 4000)
  })
})

test('a function reaches the services of its region over TLS, as on AWS', async () => {
  const fn = await local.deploy(`
    export const handler = async () => {
      const { AWS_ENDPOINT_URL: endpoint } = process.env
      return { endpoint, health: await (await fetch(endpoint + '/_lander/health')).json() }
    }`)
  const { Payload } = await clients.lambda(REGION).send(invocation(fn.name))
  expect(JSON.parse(Buffer.from(Payload!).toString())).toEqual({
    endpoint: expect.stringMatching(/^https:/),
    health: expect.objectContaining({ status: 'ok' }),
  })
})

describe('a client is refused', () => {
  test('by its own SDK if it trusts another certificate', async () => {
    const code = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
    const put = new PutObjectCommand({ Bucket: 'over-tls', Key: 'secret', Body: 'for the other cloud' })
    await expect(misled.s3(REGION).send(put)).rejects.toMatchObject({ code })
    await expect(misled.lambda(REGION).send(invocation((await deployed()).name))).rejects.toMatchObject({ code })
  })

  test('if it trusts only Node’s authorities', async () => {
    const asked = get(`${local.cloud.endpoint}/_lander/health`)
    await expect(once(asked, 'response')).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  test('without TLS', async () => {
    const asked = getPlainly(local.cloud.endpoint.replace('https:', 'http:'))
    await expect(once(asked, 'response')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})

/** The environment variables that `lander local up --tls` prints. */
function environment(ca: string | undefined): NodeJS.ProcessEnv {
  const { accessKeyId, secretAccessKey } = local.cloud.credentials
  return {
    PATH: process.env.PATH,
    HOME: local.dir,
    AWS_ENDPOINT_URL: local.cloud.endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    ...(ca !== undefined && { AWS_CA_BUNDLE: ca }),
    ...(process.env.PYENV_ROOT && { PYENV_ROOT: process.env.PYENV_ROOT }),
  }
}

describe.skipIf(!awscli)(
  `awscli${awscli ? '' : ' (skipped: there is no aws on this machine)'}`,
  { timeout: 120_000 },
  () => {
    const aws = (args: readonly string[], env = environment(local.cloud.ca)) => run('aws', args, { env })

    test('copies a file in parts there and back, and invokes a function', async () => {
      const [file, body] = [join(local.dir, 'parts'), randomBytes(9_000_000)]
      await writeFile(file, body)
      await aws(['s3', 'cp', file, 's3://over-tls/parts'])
      await aws(['s3', 'cp', 's3://over-tls/parts', `${file}.back`])
      expect((await readFile(`${file}.back`)).equals(body)).toBe(true)
      await aws(['lambda', 'invoke', '--function-name', (await deployed()).name, `${file}.answer`])
      expect(JSON.parse(await readFile(`${file}.answer`, 'utf8'))).toEqual({})
    })

    test.each(['another certificate', 'none'])('that trusts %s is refused', async (trusted) => {
      const env = environment(trusted === 'none' ? undefined : other.cloud.ca)
      await expect(aws(['s3', 'ls'], env)).rejects.toThrow(/SSL validation failed/)
    })
  },
)

const BOTO3 = `
import boto3, json
s3 = boto3.client('s3')
s3.put_object(Bucket='over-tls', Key='boto3', Body=b'x' * 3_000_000)
print(s3.head_object(Bucket='over-tls', Key='boto3')['ContentLength'])`

describe.skipIf(!boto3)(
  `boto3${boto3 ? '' : ' (skipped: there is no boto3 on this machine)'}`,
  { timeout: 120_000 },
  () => {
    test('puts an object, and fails with another certificate', async () => {
      expect((await run('python3', ['-c', BOTO3], { env: environment(local.cloud.ca) })).stdout).toBe('3000000\n')
      const refused = run('python3', ['-c', BOTO3], { env: environment(other.cloud.ca) })
      await expect(refused).rejects.toThrow(/SSLError/)
    })
  },
)

describe.skipIf(!curl)(`curl${curl ? '' : ' (skipped: there is no curl on this machine)'}`, () => {
  test('works with --cacert, and with the name localhost', async () => {
    const health = (host: string) => `${local.cloud.endpoint.replace('127.0.0.1', host)}/_lander/health`
    for (const host of ['127.0.0.1', 'localhost']) {
      const { stdout } = await run('curl', ['-sS', '--noproxy', '*', '--cacert', local.cloud.ca!, health(host)])
      expect(JSON.parse(stdout)).toMatchObject({ status: 'ok' })
    }
    await expect(run('curl', ['-sS', '--noproxy', '*', health('localhost')])).rejects.toThrow(/certificate/)
  })
})
