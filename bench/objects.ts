/**
 * Measures how fast the S3 store reads over TLS, relative to a plain GET of the same object from the same server, and
 * how much memory it uses. Client and server share the machine, so only the ratio is reported.
 *
 *     npx tsx bench/objects.ts [--quick] [--check] [--json FILE]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { startS3Server } from '../lib/local/s3/server.ts'
import { keepCertificates } from '../lib/local/tls/keep-certificates.ts'
import { createS3Client, createS3Store } from '../lib/objects/s3.ts'
import { plainGet, signGet } from './support/plain-get.ts'
import { type BenchResult, benchmark, median } from './support/program.ts'

const MIB = 2 ** 20
const REGION = 'eu-west-1'
const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' }
const OBJECT = { bucket: 'bench', key: 'object' }

/** What the server's process prints: its address, and the path of its certificate. */
interface Served {
  readonly endpoint: string
  readonly ca: string
}

interface Measure {
  /** Bytes per second. */
  readonly rate: number
  /** Peak resident memory in bytes, minus the memory before the read. */
  readonly growth: number
}

const [, , flag, folder] = process.argv
if (flag === '--serve') await serve(folder!)
else
  await benchmark('objects', ({ quick }) =>
    runBench(quick ? { bytes: 64 * MIB, rounds: 4 } : { bytes: 512 * MIB, rounds: 9 }),
  )

async function runBench({ bytes, rounds }: { bytes: number; rounds: number }): Promise<BenchResult> {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  const server = fork(fileURLToPath(import.meta.url), ['--serve', dir])
  try {
    const [served] = (await once(server, 'message')) as [Served]
    const ca = await readFile(served.ca, 'utf8')
    const client = createS3Client({ region: REGION, endpoint: served.endpoint, ca, credentials: CREDENTIALS })
    await seedObject(client, bytes)
    const measured = await measureRounds(client, served, bytes, rounds)
    client.destroy()
    return reportRounds(measured, bytes)
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

/** Starts the server's process, which ends when the benchmark ends, even after an error. */
async function serve(dir: string): Promise<void> {
  const credentials = new Map([[CREDENTIALS.accessKeyId, CREDENTIALS.secretAccessKey]])
  const { ca, server: tls } = await keepCertificates(join(dir, 'tls'), Date.now())
  const { endpoint, close } = await startS3Server({
    dir: join(dir, 's3'),
    regions: [REGION],
    credentials,
    tls,
    fsync: false,
  })
  process.on('disconnect', () => void close())
  process.send?.({ endpoint, ca } satisfies Served)
}

async function seedObject(client: S3Client, bytes: number): Promise<void> {
  const { bucket: Bucket, key: Key } = OBJECT
  await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: REGION } }))
  const block = Buffer.alloc(MIB, 'lander ')
  const body = Readable.from(Array.from({ length: bytes / MIB }, () => block))
  await client.send(new PutObjectCommand({ Bucket, Key, Body: body, ContentLength: bytes }))
}

/** Measures both alternately, so that load on the machine affects both. The first round warms up. */
async function measureRounds(client: S3Client, served: Served, bytes: number, rounds: number) {
  const measured: { store: Measure; plain: Measure }[] = []
  for (let round = 0; round <= rounds; round++) {
    const plain = await measure(bytes, async () => plainGet(await signGet(client, { ...served, ...OBJECT })))
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

/** The fastest rounds show what the code can do. The median also shows the load on the machine. */
function reportRounds(measured: { store: Measure; plain: Measure }[], bytes: number): BenchResult {
  const [stores, plains] = [measured.map(({ store }) => store), measured.map(({ plain }) => plain)]
  const best = (measures: Measure[]) => Math.max(...measures.map(({ rate }) => rate))
  const growthMib = (measures: Measure[]) => Math.max(...measures.map(({ growth }) => growth)) / MIB
  return {
    about:
      'The S3 store’s read of one object, against a plain GET of it from the same server in the same process, both over TLS.',
    promises: [
      { name: 'read by plain GET, best rounds', value: best(stores) / best(plains), unit: 'of its rate', atLeast: 0.8 },
      { name: 'peak growth of memory in a read', value: growthMib(stores), unit: 'MiB', atMost: 100 },
    ],
    figures: {
      objectMiB: bytes / MIB,
      rounds: measured.length,
      medianOfRatios: median(measured.map(({ store, plain }) => store.rate / plain.rate)),
      peakGrowthMiB: { store: growthMib(stores), plain: growthMib(plains) },
    },
  }
}
