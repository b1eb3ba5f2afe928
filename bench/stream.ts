/**
 * Streams `lines()` over one large object through the local cloud over TLS. Measures the memory of the function's
 * processes, and whether it grows with the object. Needs Linux, because it reads /proc.
 */
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { packSigned } from '../lib/author/pack-signed.ts'
import { createFleetClients } from '../lib/fleet/clients.ts'
import { type LocalFleet, startLocalFleet } from '../lib/local/local-fleet.ts'
import { run } from '../lib/run/run.ts'
import { type PeakMemory, watchMemory } from './support/function-memory.ts'
import { type BenchResult, benchmark } from './support/program.ts'

const REGION = 'eu-west-1'
const BUCKET = 'stream-bench'
const MIB = 2 ** 20
const LINE = `${'2026-11-23T10:00:00Z eu-west-1 GET /index.html 200 '.padEnd(99, '.')}\n`
const AGENT = `import { agent, here } from 'lander/agent'
export default agent(async (prefix: string) => {
  let count = 0
  for await (const batch of here.lines(prefix).batches()) count += batch.length
  return count
})
`

await benchmark('stream', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    return await measure(dir, quick ? [16, 64] : [64, 512])
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

async function measure(dir: string, sizes: readonly [small: number, large: number]): Promise<BenchResult> {
  await using local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: [REGION], tls: true })
  await writeFile(join(dir, 'agent.ts'), AGENT)
  const [small, large] = [await stream(local, dir, sizes[0]), await stream(local, dir, sizes[1])]
  return {
    about: 'The memory of a function’s processes while an agent reads the lines of an object, small and large.',
    promises: [{ name: `host, ${sizes[1]} MiB`, value: large.host, unit: 'MB resident', atMost: 250 }],
    figures: { small, large, growth: { host: large.host / small.host, executor: large.executor / small.executor } },
  }
}

/** The measurements while an agent counts the lines of an object. */
interface Streamed extends PeakMemory {
  readonly MiB: number
  seconds: number
}

async function stream(local: LocalFleet, dir: string, MiB: number): Promise<Streamed> {
  using clients = createFleetClients(local.fleet)
  const key = `lines-${MiB}/all.log`
  const rows = await putLines(local, join(dir, 'lines.log'), key, MiB)
  const scopes = [{ bucket: BUCKET, prefix: '', actions: ['read'] }] as const
  const { file } = await packSigned(join(dir, 'agent.ts'), local.developer, { scopes, limits: { wallMs: 600_000 } })
  const peak: Streamed = { MiB, host: 0, executor: 0, seconds: 0 }
  const start = performance.now()
  const { value } = await watchMemory(peak, () =>
    run({ fleet: local.fleet, clients, file, sender: local.developer, input: key }),
  )
  peak.seconds = (performance.now() - start) / 1000
  if (value !== rows) throw new Error(`the agent counted ${value} lines of ${rows}`)
  return peak
}

/** Uploads an object of about `MiB` to the bucket; returns the number of its lines. */
async function putLines({ cloud, fleet }: LocalFleet, path: string, key: string, MiB: number): Promise<number> {
  using clients = createFleetClients(fleet)
  const block = LINE.repeat(Math.floor(MIB / LINE.length))
  const handle = await open(path, 'w')
  for (let i = 0; i < MiB; i++) await handle.write(block)
  await handle.close()
  await cloud.createBucket(REGION, BUCKET)
  const body = { Body: createReadStream(path), ContentLength: block.length * MiB }
  await clients.s3(REGION).send(new PutObjectCommand({ Bucket: BUCKET, Key: key, ...body }))
  await rm(path)
  return Math.floor(MIB / LINE.length) * MiB
}
