/**
 * Measures what the local Lambda costs (a bare handler, cold and warm, and calls from eight clients at once). It also
 * measures how accurate the shaped links are: the time of a GET of 8 MB over the client's link, relative to the time in
 * the model.
 *
 *     npx tsx bench/lambda.ts [--quick] [--check] [--json FILE]
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { rttMs } from '../lib/gravity/tables/links.ts'
import { type LocalCloud, startCloud } from '../lib/local/cloud.ts'
import { transmitMs } from '../lib/local/pacing.ts'
import { type BenchResult, benchmark, median, timed } from './support/program.ts'

const CLIENT = 'us-east-1'
const REGION = 'eu-west-1'
const OBJECT_BYTES = 8_000_000
const CLIENT_BPS = 50_000_000
const ACCESS_RTT_MS = 5
const CLIENTS = 8

interface Count {
  readonly cold: number
  readonly warm: number
  /** Calls per client. */
  readonly calls: number
  readonly gets: number
}

await benchmark('lambda', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    return await measure(
      dir,
      quick ? { cold: 3, warm: 50, calls: 25, gets: 2 } : { cold: 15, warm: 500, calls: 250, gets: 7 },
    )
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

async function measure(dir: string, count: Count): Promise<BenchResult> {
  await mkdir(join(dir, 'code'))
  await writeFile(join(dir, 'code/index.mjs'), 'export const handler = async (event) => event\n')
  const calls = await withCloud(join(dir, 'plain'), undefined, (cloud) => measureCalls(cloud, join(dir, 'code'), count))
  const ratios = await withCloud(join(dir, 'shaped'), { client: CLIENT, clientBps: CLIENT_BPS }, (cloud) =>
    measureLine(cloud, count.gets),
  )
  return {
    about: 'What the local Lambda costs its caller, and how true its shaped links are to the model.',
    promises: [
      { name: 'cold call, p50', value: calls.coldMs, unit: 'ms', atMost: 1000 },
      { name: 'warm call, p50', value: calls.warmMs, unit: 'ms', atMost: 25 },
      { name: `calls a second, ${CLIENTS} clients`, value: calls.perSecond, unit: '', atLeast: 100 },
      {
        name: 'time of 8 MB over the client’s link / modelled',
        value: median(ratios),
        unit: '',
        atLeast: 0.98,
        atMost: 1.15,
      },
    ],
    figures: { ...calls, lineRatios: ratios },
  }
}

async function withCloud<T>(dir: string, wan: object | undefined, use: (cloud: LocalCloud) => Promise<T>): Promise<T> {
  const cloud = await startCloud({ dir, regions: [CLIENT, REGION], ...(wan && { wan }) })
  try {
    return await use(cloud)
  } finally {
    await cloud.close()
  }
}

async function measureCalls(cloud: LocalCloud, codeDir: string, count: Count) {
  const { endpoint, credentials } = cloud
  const client = new LambdaClient({ endpoint, credentials, region: REGION })
  const call = (FunctionName: string) => client.send(new InvokeCommand({ FunctionName, Payload: '{"a":1}' }))
  await warmUpClient(cloud, codeDir, call)

  const cold: number[] = []
  for (let i = 0; i < count.cold; i++) {
    cloud.createFunction(REGION, { name: `cold-${i}`, codeDir })
    cold.push(await timed(() => call(`cold-${i}`)))
    await cloud.removeFunction(REGION, `cold-${i}`)
  }
  cloud.createFunction(REGION, { name: 'warm', codeDir })
  const warm: number[] = []
  for (let i = 0; i < count.warm; i++) warm.push(await timed(() => call('warm')))
  const oneClient = async (calls: number) => {
    for (let i = 0; i < calls; i++) await call('warm')
  }
  const allClients = (calls: number) => Promise.all(Array.from({ length: CLIENTS }, () => oneClient(calls)))
  await allClients(5) // starts the instances that the measured calls share
  const busyMs = await timed(() => allClients(count.calls))
  return { coldMs: median(cold), warmMs: median(warm), perSecond: (CLIENTS * count.calls * 1000) / busyMs }
}

/** The first call of an SDK client loads modules and resolves credentials, which is not a cost of Lambda. */
async function warmUpClient(cloud: LocalCloud, codeDir: string, call: (name: string) => Promise<unknown>) {
  cloud.createFunction(REGION, { name: 'first', codeDir })
  await call('first')
  await cloud.removeFunction(REGION, 'first')
}

/** Returns the measured time over the modelled time of each GET, on a connection that is already open. */
async function measureLine(cloud: LocalCloud, gets: number): Promise<number[]> {
  const { endpoint, credentials } = cloud
  const client = new S3Client({ endpoint, credentials, region: REGION, forcePathStyle: true })
  const object = { Bucket: 'bench', Key: 'object' }
  await cloud.createBucket(REGION, object.Bucket)
  await client.send(new PutObjectCommand({ ...object, Body: Buffer.alloc(OBJECT_BYTES, 'x') }))
  const modelledMs = rttMs(CLIENT, REGION) + ACCESS_RTT_MS + transmitMs(OBJECT_BYTES, CLIENT_BPS)
  const ratios: number[] = []
  for (let i = 0; i < gets; i++) {
    const tookMs = await timed(async () => {
      const { Body } = await client.send(new GetObjectCommand(object))
      await Body?.transformToByteArray()
    })
    ratios.push(tookMs / modelledMs)
  }
  return ratios
}
