/**
 * How fast the S3 store reads, against a plain GET of the same object from the same server, and how much memory it
 * takes for it. Client and server share this machine, so only ratios are told.
 *
 *     npx tsx bench/objects.ts [--quick] [--check] [--json FILE]
 *
 * `--check` ends with 1 if the store, at its best, reads at less than 0.8 of the plain rate.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { SignatureV4 } from '@smithy/signature-v4'
import { startS3Server } from '../lib/local/s3/server.ts'
import { createS3Client, createS3Store } from '../lib/objects/s3.ts'

const MIB = 2 ** 20
const RATE_FLOOR = 0.8
const REGION = 'eu-west-1'
const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' }
const OBJECT = { bucket: 'bench', key: 'object' }

interface Measure {
  /** Bytes per second. */
  readonly rate: number
  /** Bytes of resident memory at the peak, beyond those before. */
  readonly growth: number
}

interface Report {
  readonly objectBytes: number
  readonly rounds: number
  /** Rate of the store by rate of the plain GET: of the best rounds of both, and the median over the rounds. */
  readonly rate: { readonly best: number; readonly median: number }
  /** Peak growth of memory by the size of the object, at its largest: flat memory makes it small. */
  readonly memory: { readonly store: number; readonly plain: number }
}

async function runBench({ quick }: { quick: boolean }): Promise<Report> {
  const [objectBytes, rounds] = quick ? [64 * MIB, 5] : [512 * MIB, 9]
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  const server = fork(fileURLToPath(import.meta.url), ['--serve', dir])
  try {
    const [endpoint] = (await once(server, 'message')) as [string]
    const client = createS3Client({ region: REGION, endpoint, credentials: CREDENTIALS })
    await seedObject(client, objectBytes)
    const measured = await measureRounds(client, endpoint, objectBytes, rounds)
    client.destroy()
    return reportRounds(measured, objectBytes)
  } finally {
    await endProcess(server)
    await rm(dir, { recursive: true })
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
}

/** The server's process: it ends when the bench does, however that ends. */
async function serve(dir: string): Promise<void> {
  const credentials = new Map([[CREDENTIALS.accessKeyId, CREDENTIALS.secretAccessKey]])
  const { endpoint, close } = await startS3Server({ dir, regions: [REGION], credentials, fsync: false })
  process.on('disconnect', () => void close())
  process.send?.(endpoint)
}

async function seedObject(client: S3Client, bytes: number): Promise<void> {
  const { bucket: Bucket, key: Key } = OBJECT
  await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: REGION } }))
  const block = Buffer.alloc(MIB, 'lander ')
  const body = Readable.from(Array.from({ length: bytes / MIB }, () => block))
  await client.send(new PutObjectCommand({ Bucket, Key, Body: body, ContentLength: bytes }))
}

/** One after the other in turns, so that a busy moment of the machine meets both. The first round warms up. */
async function measureRounds(client: S3Client, endpoint: string, bytes: number, rounds: number) {
  const measured: { store: Measure; plain: Measure }[] = []
  for (let round = 0; round <= rounds; round++) {
    const plain = await measure(bytes, () => readPlain(client, endpoint))
    const store = await measure(bytes, () => readStore(client))
    if (round > 0) measured.push({ store, plain })
  }
  return measured
}

async function measure(bytes: number, read: () => Promise<number>): Promise<Measure> {
  const before = process.memoryUsage.rss()
  let peak = before
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 10)
  const begun = performance.now()
  const received = await read()
  const seconds = (performance.now() - begun) / 1000
  clearInterval(sampler)
  if (received !== bytes) throw new Error(`read ${received} bytes of ${bytes}`)
  return { rate: bytes / seconds, growth: peak - before }
}

async function readStore(client: S3Client): Promise<number> {
  const store = createS3Store({ client })
  const object = await store.stat(OBJECT)
  let received = 0
  for await (const chunk of store.read({ ...object, start: 0, end: object.size })) received += chunk.length
  return received
}

/** As fast as Node gets: one GET, whose chunks are counted as they come. */
async function readPlain(client: S3Client, endpoint: string): Promise<number> {
  const { hostname, port, host } = new URL(endpoint)
  const path = `/${OBJECT.bucket}/${OBJECT.key}`
  const { sha256, credentials } = client.config
  const signer = new SignatureV4({ service: 's3', region: REGION, credentials, sha256, uriEscapePath: false })
  const headers = { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  const signed = await signer.sign({ method: 'GET', protocol: 'http:', hostname, path, query: {}, headers })
  const [answer] = (await once(get({ hostname, port, path, headers: signed.headers }), 'response')) as [IncomingMessage]
  let received = 0
  answer.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  await finished(answer)
  return received
}

/** The best rounds tell what the code can do, the median what else the machine was doing. */
function reportRounds(measured: { store: Measure; plain: Measure }[], objectBytes: number): Report {
  const stores = measured.map(({ store }) => store)
  const plains = measured.map(({ plain }) => plain)
  const ratios = measured.map(({ store, plain }) => store.rate / plain.rate).sort((a, b) => a - b)
  const best = (measures: Measure[]) => Math.max(...measures.map(({ rate }) => rate))
  const growth = (measures: Measure[]) => Math.max(...measures.map(({ growth }) => growth))
  return {
    objectBytes,
    rounds: measured.length,
    rate: { best: round(best(stores) / best(plains)), median: round(ratios[Math.floor(ratios.length / 2)] ?? 0) },
    memory: { store: round(growth(stores) / objectBytes), plain: round(growth(plains) / objectBytes) },
  }
}

function round(ratio: number): number {
  return Math.round(ratio * 1000) / 1000
}

function explainReport({ objectBytes, rounds, rate, memory }: Report): string {
  return [
    `an object of ${objectBytes / MIB} MiB, ${rounds} rounds`,
    `rate, store by plain GET: best rounds ${rate.best}, median ${rate.median}`,
    `peak growth of memory by size of the object: store ${memory.store}, plain GET ${memory.plain}`,
  ].join('\n')
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    json: { type: 'string' },
    serve: { type: 'string' },
  },
})

if (values.serve !== undefined) await serve(values.serve)
else {
  const report = await runBench(values)
  console.log(explainReport(report))
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`)
  if (values.check && report.rate.best < RATE_FLOOR) process.exitCode = 1
}
