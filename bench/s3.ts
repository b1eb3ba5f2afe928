/**
 * Measures how fast the local S3 sends and receives objects over TLS, relative to a bare `node:https` server that pipes
 * the same bytes from a file, and how much memory its process uses. Client and servers share the machine, so the
 * promises are ratios.
 *
 *     npx tsx bench/s3.ts [--quick] [--check] [--json FILE]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { SignatureV4 } from '@smithy/signature-v4'
import { startS3Server } from '../lib/local/s3/server.ts'
import { keepCertificates, type ServerTls } from '../lib/local/tls/keep-certificates.ts'
import { createS3Client } from '../lib/objects/s3.ts'
import { type BenchResult, benchmark, median, timed } from './support/program.ts'

const MIB = 2 ** 20
const PART_BYTES = 8 * MIB
const RANGES = 8
const REGION = 'us-east-1'
const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' }
const OBJECT = { Bucket: 'bench', Key: 'object' }

/** A server in its own process, so that its memory can be measured. */
interface ServerProcess {
  readonly endpoint: string
  /** Returns the peak resident memory in bytes since the last call. */
  peakRss(): Promise<number>
  end(): Promise<void>
}

type ServerKind = 's3' | 'bare'

const [, , flag, kind, dir] = process.argv
if (flag === '--serve') await serve(kind as ServerKind, dir!)
else
  await benchmark('s3', ({ quick }) =>
    runBench(quick ? { bytes: 64 * MIB, rounds: 3 } : { bytes: 200 * MIB, rounds: 15 }),
  )

async function runBench({ bytes, rounds }: { bytes: number; rounds: number }): Promise<BenchResult> {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  const ca = await readFile((await certificatesIn(dir)).ca, 'utf8')
  const [s3, bare] = await Promise.all([startProcess('s3', dir), startProcess('bare', dir)])
  try {
    await writeBareFile(dir, bytes)
    const upload = await uploadObject(s3.endpoint, ca, bytes)
    const uploadPeak = await s3.peakRss()
    const url = await presignObject(s3.endpoint)
    const measured = await measureRounds({ s3: url, bare: `${bare.endpoint}/`, ca }, bytes, rounds)
    const [s3Peak, barePeak] = await Promise.all([s3.peakRss(), bare.peakRss()])
    return reportRounds(measured, { bytes, rounds, upload, uploadPeak, s3Peak, barePeak })
  } finally {
    await Promise.all([s3.end(), bare.end()])
    await rm(dir, { recursive: true })
  }
}

/** The address of the object, and the server's certificate (PEM). */
interface Urls {
  readonly s3: string
  readonly bare: string
  readonly ca: string
}

/** The certificate. The first caller creates it before the servers start. */
function certificatesIn(dir: string) {
  return keepCertificates(join(dir, 'tls'), Date.now())
}

/** The four measurements of one round in MiB/s, each with the measurement it is compared with. */
async function measureRounds({ s3, bare, ca }: Urls, bytes: number, rounds: number) {
  const rates: Record<'s3x1' | 'barex1' | 's3x8' | 'barex8', number[]> = { s3x1: [], barex1: [], s3x8: [], barex8: [] }
  for (let round = 0; round <= rounds; round++) {
    const [barex1, s3x1] = [await rate(bare, ca, bytes, 1), await rate(s3, ca, bytes, 1)]
    const [barex8, s3x8] = [await rate(bare, ca, bytes, RANGES), await rate(s3, ca, bytes, RANGES)]
    if (round === 0) continue // warms up
    rates.s3x1.push(s3x1)
    rates.barex1.push(barex1)
    rates.s3x8.push(s3x8)
    rates.barex8.push(barex8)
  }
  return rates
}

async function rate(url: string, ca: string, bytes: number, ranges: number): Promise<number> {
  const step = bytes / ranges
  const ms = await timed(async () => {
    const parts = Array.from({ length: ranges }, (_, i) => readRange(url, ca, i * step, (i + 1) * step))
    const received = (await Promise.all(parts)).reduce((sum, part) => sum + part, 0)
    if (received !== bytes) throw new Error(`read ${received} bytes of ${bytes}`)
  })
  return bytes / MIB / (ms / 1000)
}

async function readRange(url: string, ca: string, start: number, end: number): Promise<number> {
  const asked = get(url, { ca, headers: { range: `bytes=${start}-${end - 1}` } })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  let received = 0
  answer.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  await finished(answer)
  return received
}

function reportRounds(
  rates: Awaited<ReturnType<typeof measureRounds>>,
  {
    bytes,
    rounds,
    upload,
    uploadPeak,
    s3Peak,
    barePeak,
  }: Record<'bytes' | 'rounds' | 'upload' | 'uploadPeak' | 's3Peak' | 'barePeak', number>,
): BenchResult {
  const ratios = (a: readonly number[], b: readonly number[]) => median(a.map((value, i) => value / b[i]!))
  return {
    about: 'The local S3 against a bare node:https server that pipes the same bytes from a file.',
    promises: [
      { name: 'GET by bare node:https', value: ratios(rates.s3x1, rates.barex1), unit: 'of its rate', atLeast: 0.8 },
      {
        name: `GET in ${RANGES} ranges by bare`,
        value: ratios(rates.s3x8, rates.barex8),
        unit: 'of its rate',
        atLeast: 0.8,
      },
      { name: 'peak memory above bare', value: (s3Peak - barePeak) / MIB, unit: 'MiB', atMost: 100 },
    ],
    figures: {
      objectMiB: bytes / MIB,
      rounds,
      mibPerSecond: {
        get: median(rates.s3x1),
        bareGet: median(rates.barex1),
        getInRanges: median(rates.s3x8),
        bareInRanges: median(rates.barex8),
        multipartUpload: upload,
      },
      peakRssMiB: { get: s3Peak / MIB, bareGet: barePeak / MIB, multipartUpload: uploadPeak / MIB },
    },
  }
}

/** Uploads the object in parts, four at a time, as the JavaScript SDK does by default, with CRC32. Returns MiB/s. */
async function uploadObject(endpoint: string, ca: string, bytes: number): Promise<number> {
  const client = createS3Client({ endpoint, ca, region: REGION, credentials: CREDENTIALS })
  await client.send(new CreateBucketCommand({ Bucket: OBJECT.Bucket }))
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(OBJECT))
  const Body = Buffer.alloc(PART_BYTES, 'lander ')
  const Parts: { PartNumber: number; ETag: string | undefined }[] = []
  const uploadParts = async () => {
    while (Parts.length < bytes / PART_BYTES) {
      const part = { PartNumber: Parts.length + 1, ETag: undefined as string | undefined }
      Parts.push(part)
      part.ETag = (
        await client.send(new UploadPartCommand({ ...OBJECT, UploadId, PartNumber: part.PartNumber, Body }))
      ).ETag
    }
  }
  const ms = await timed(async () => {
    await Promise.all([uploadParts(), uploadParts(), uploadParts(), uploadParts()])
    await client.send(new CompleteMultipartUploadCommand({ ...OBJECT, UploadId, MultipartUpload: { Parts } }))
  })
  client.destroy()
  return bytes / MIB / (ms / 1000)
}

async function presignObject(endpoint: string): Promise<string> {
  const { host, hostname } = new URL(endpoint)
  const { sha256 } = new S3Client({ region: REGION, credentials: CREDENTIALS }).config
  const signer = new SignatureV4({
    service: 's3',
    region: REGION,
    credentials: CREDENTIALS,
    sha256,
    uriEscapePath: false,
  })
  const path = `/${OBJECT.Bucket}/${OBJECT.Key}`
  const headers = { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  const request = { method: 'GET', protocol: 'https:', hostname, path, query: {}, headers }
  const { query = {} } = await signer.presign(request, { expiresIn: 3600 })
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  return `${endpoint}${path}?${pairs.join('&')}`
}

async function writeBareFile(dir: string, bytes: number): Promise<void> {
  const file = await open(join(dir, 'bare'), 'w')
  const block = Buffer.alloc(MIB, 'lander ')
  for (let written = 0; written < bytes; written += MIB) await file.write(block)
  await file.close()
}

async function startProcess(kind: ServerKind, dir: string): Promise<ServerProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['--serve', kind, dir])
  const [endpoint] = (await once(child, 'message')) as [string]
  return {
    endpoint,
    async peakRss() {
      child.send('peak')
      return ((await once(child, 'message')) as [number])[0]
    },
    end: () => endProcess(child),
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
}

/** Starts a server's process, which ends when the benchmark ends, even after an error. */
async function serve(kind: ServerKind, dir: string): Promise<void> {
  const { server: tls } = await certificatesIn(dir)
  const { endpoint, close } = kind === 's3' ? await serveS3(dir, tls) : await serveBare(dir, tls)
  let peak = 0
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 10)
  process.on('message', () => {
    process.send?.(peak)
    peak = 0
  })
  process.on('disconnect', () => {
    clearInterval(sampler)
    void close()
  })
  process.send?.(endpoint)
}

function serveS3(dir: string, tls: ServerTls) {
  const credentials = new Map([[CREDENTIALS.accessKeyId, CREDENTIALS.secretAccessKey]])
  return startS3Server({ dir: join(dir, 's3'), regions: [REGION], credentials, tls, fsync: false })
}

/** The bare server, as Node's documentation suggests it: a read stream piped to the response. */
async function serveBare(dir: string, tls: ServerTls) {
  const server = createServer(tls, (request, response) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') as unknown as [
      string,
      string,
      string,
    ]
    createReadStream(join(dir, 'bare'), { start: Number(start), end: Number(end) }).pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { endpoint: `https://127.0.0.1:${port}`, close: async () => void server.close() }
}
