/**
 * Measures how fast a kernel reads an object: newlines are counted in C, end to end (local cloud, signed bundle,
 * `lander run`). For comparison it measures a plain GET of the same object over TLS, and the AWS CLI, which pipes it to
 * `wc -l`. All of them share the machine, so rates are reported as ratios of measurements of the same minute.
 */
import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { packSigned } from '../lib/author/pack-signed.ts'
import { createFleetClients, type FleetClients } from '../lib/fleet/clients.ts'
import { type LocalFleet, startLocalFleet } from '../lib/local/local-fleet.ts'
import { runMission } from '../lib/mission/mission.ts'
import { type PeakMemory, watchMemory } from './support/function-memory.ts'
import { type SignedGet, signGet, startPlainGets } from './support/plain-get.ts'
import { type BenchResult, benchmark, median } from './support/program.ts'

const REGION = 'eu-west-1'
const BUCKET = 'kernel-bench'
const KEY = 'lines/all.log'
const MIB = 2 ** 20
const LINE = `${'2026-11-23T10:00:00Z eu-west-1 GET /index.html 200 '.padEnd(99, '.')}\n`
const LINES_PER_MIB = Math.floor(MIB / LINE.length)
/** Processes that read the object with a plain GET, used in turn. */
const PLAIN_CLIENTS = 4
/** Runs until the JIT has compiled the function's code. */
const WARM_UP_ROUNDS = 4
const AGENT = fileURLToPath(new URL('kernels/count-lines.ts', import.meta.url))

const execute = promisify(execFile)

await benchmark('kernels', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    return await measure(dir, { mib: 512, rounds: quick ? 8 : 12 })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

/** Rates in bytes per second. */
interface Round {
  readonly plain: number
  /** Measured from the signature of the order to the answer. */
  readonly kernel: number
  /** Measured while the agent works, without the time to send and to admit it. */
  readonly atWork: number
}

async function measure(dir: string, { mib, rounds }: { mib: number; rounds: number }): Promise<BenchResult> {
  await using local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: [REGION], tls: true })
  using clients = createFleetClients(local.fleet)
  const bytes = await putLines(local, clients, dir, mib)
  const { fleet } = local
  const request = await signGet(clients.s3(REGION), {
    endpoint: fleet.endpoint!,
    ca: fleet.ca!,
    bucket: BUCKET,
    key: KEY,
  })
  const count = await createCount(local, clients, mib * LINES_PER_MIB)
  const measured = await measureRounds(request, count, { bytes, rounds })
  // Memory is measured in a separate run, because watching the processes takes CPU time.
  const peak: PeakMemory = { host: 0, executor: 0 }
  await watchMemory(peak, count)
  const cli = await countByCli(local, mib)
  const best = (of: keyof Round) => Math.max(...measured.map((round) => round[of]))
  const ofPlain = (of: keyof Round) => median(measured.map((round) => round[of] / round.plain))
  return {
    about: 'Newlines counted by a kernel in C, through the whole way, against a plain GET and the AWS CLI.',
    promises: [
      {
        name: 'kernel at work, median of rounds',
        value: ofPlain('atWork'),
        unit: "of a plain GET's rate",
        atLeast: 0.8,
      },
      ...(cli === undefined
        ? []
        : [
            { name: 'aws s3 cp | wc -l takes longer by', value: best('kernel') / (bytes / cli), unit: '×', atLeast: 1 },
          ]),
      { name: 'function’s host', value: peak.host, unit: 'MB resident', atMost: 250 },
    ],
    figures: {
      objectMiB: mib,
      rounds,
      // Measured from the signature of the order to the answer.
      wholeWayOfPlain: ofPlain('kernel'),
      bestOfPlain: best('kernel') / best('plain'),
      gigabytesPerSecond: {
        plain: best('plain') / 1e9,
        kernel: best('kernel') / 1e9,
        kernelAtWork: best('atWork') / 1e9,
        ...(cli && { cli: bytes / cli / 1e9 }),
      },
      peakMb: peak,
    },
    missing: cli === undefined ? ['aws: not installed'] : [],
  }
}

/** Measures the modes alternately, so that load on the machine affects both. */
async function measureRounds(
  request: SignedGet,
  count: () => Promise<Counted>,
  { bytes, rounds }: { bytes: number; rounds: number },
): Promise<Round[]> {
  await using gets = await startPlainGets(PLAIN_CLIENTS, request)
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await count()
  const measured: Round[] = []
  for (let round = 0; round < rounds; round++) {
    const plain = await gets.rate()
    const { seconds, secondsAtWork } = await count()
    measured.push({ plain, kernel: bytes / seconds, atWork: bytes / secondsAtWork })
  }
  return measured
}

/** Measurements of one count of all lines. */
interface Counted {
  readonly seconds: number
  readonly secondsAtWork: number
}

/** Returns a function that runs the agent once and checks its count. */
async function createCount(local: LocalFleet, clients: FleetClients, lines: number): Promise<() => Promise<Counted>> {
  const { fleet, developer: sender } = local
  const scopes = [{ bucket: BUCKET, prefix: 'lines/', actions: ['read'] }] as const
  const { file } = await packSigned(AGENT, sender, { scopes, limits: { wallMs: 600_000 } })
  return async () => {
    const begun = performance.now()
    const { regions } = await runMission({ fleet, clients, file, sender, input: 'lines/' })
    const seconds = (performance.now() - begun) / 1000
    const landingResult = regions[0]?.landingResult
    if (landingResult?.outcome.kind !== 'completed' || landingResult.outcome.value !== lines)
      throw new Error(`not ${lines}: ${JSON.stringify(regions)}`)
    return { seconds, secondsAtWork: landingResult.usage.wallMs / 1000 }
  }
}

/** Uploads an object of about this many MiB; returns its bytes. */
async function putLines({ cloud }: LocalFleet, clients: FleetClients, dir: string, mib: number): Promise<number> {
  const path = join(dir, 'all.log')
  const block = LINE.repeat(LINES_PER_MIB)
  const handle = await open(path, 'w')
  for (let i = 0; i < mib; i++) await handle.write(block)
  await handle.close()
  await cloud.createBucket(REGION, BUCKET)
  const body = { Body: createReadStream(path), ContentLength: block.length * mib }
  await clients.s3(REGION).send(new PutObjectCommand({ Bucket: BUCKET, Key: KEY, ...body }))
  await rm(path)
  return block.length * mib
}

/** Measures the seconds of `aws s3 cp … - | wc -l`; `undefined` if the AWS CLI is not installed. */
async function countByCli({ fleet }: LocalFleet, mib: number): Promise<number | undefined> {
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: fleet.credentials!.accessKeyId,
    AWS_SECRET_ACCESS_KEY: fleet.credentials!.secretAccessKey,
    // Version 1 of the CLI reads the region from this variable only.
    AWS_DEFAULT_REGION: REGION,
    AWS_ENDPOINT_URL: fleet.endpoint!,
    AWS_CA_BUNDLE: fleet.ca!,
  }
  if (!(await execute('aws', ['--version']).catch(() => undefined))) return undefined
  const begun = performance.now()
  const { stdout, stderr } = await execute('sh', ['-c', `aws s3 cp s3://${BUCKET}/${KEY} - | wc -l`], { env })
  if (Number(stdout) !== mib * LINES_PER_MIB) throw new Error(`the AWS CLI: ${stderr}`)
  return (performance.now() - begun) / 1000
}
