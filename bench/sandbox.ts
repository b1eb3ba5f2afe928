/**
 * Measures how fast agents start and read, relative to the same loops in V8 in the same process. Ratios can be compared
 * between machines; absolute times cannot. CPU time comes from /proc, so this benchmark needs Linux.
 *
 *     npx tsx bench/sandbox.ts [--quick] [--check] [--json FILE]
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSandboxAssets } from '../lib/assets/sandbox-assets.ts'
import type { ObjectStore } from '../lib/objects/store.ts'
import type { Job } from '../lib/sandbox/contract/job.ts'
import { ExecutorPool } from '../lib/sandbox/parent/executor-pool.ts'
import { Run } from '../lib/sandbox/parent/run.ts'
import { agentSource, jobOf } from '../test/support/jobs.ts'
import { supplyKernels } from '../test/support/kernels.ts'
import { type BenchResult, benchmark, median } from './support/program.ts'

const AIRPORTS = ['ABQ', 'MCI', 'MDW', 'ORD', 'LAX', 'SEA', 'PHX', 'OAK', 'LAS', 'SAN']

/** Flights with date, delay, distance, origin and destination; about 32 bytes a row. */
function flightsCsv(rows: number): Buffer {
  const lines = ['date,delay,distance,origin,destination\n']
  for (let row = 0; row < rows; row++) {
    const day = String((row % 28) + 1).padStart(2, '0')
    const minute = String(row % 60).padStart(2, '0')
    const [from, to] = [AIRPORTS[(row * 7) % 10], AIRPORTS[(row * 3 + 1) % 10]]
    lines.push(`2001/01/${day} 10:${minute},${(row % 90) - 20},${300 + (row % 900)},${from},${to}\n`)
  }
  return Buffer.from(lines.join(''))
}

const KEY = 'flights.csv'

/** Returns chunks from memory, so that only the path to the agent is measured. */
function storeOf(bytes: Buffer): ObjectStore {
  return {
    stat: async (ref) => ({ ...ref, size: bytes.length, etag: 'e' }),
    async *list({ bucket }) {
      yield { bucket, key: KEY, size: bytes.length, etag: 'e' }
    },
    async *read({ start, end }) {
      for (let at = start; at < end; at += 262_144) yield bytes.subarray(at, Math.min(end, at + 262_144))
    },
  }
}

const agents = {
  lines: `let n = 0; for await (const line of (await here.open('${KEY}')).lines()) if (line.length > 33) n++; return n`,
  lineBatches: `let n = 0
    for await (const lines of (await here.open('${KEY}')).lines().batches())
      for (let i = 0; i < lines.length; i++) if (lines[i].length > 33) n++
    return n`,
  csvBatches: `const all = {}
    const csv = (await here.open('${KEY}')).csv({ columns: ['origin', 'delay'], numbers: ['delay'] })
    for await (const batch of csv.batches()) {
      const origins = batch.column('origin'), delays = batch.column('delay')
      for (let row = 0; row < batch.rows; row++) {
        const origin = (all[origins[row]] ??= { count: 0, sum: 0 })
        origin.count++
        origin.sum += delays[row]
      }
    }
    return Object.entries(all).map(([name, { count, sum }]) => [name, count, sum / count])`,
}

type Reading = keyof typeof agents

/** The same loops in V8 over the whole text at once, which is the fastest case for V8. */
const inV8 = {
  lines: (bytes: Buffer) => {
    let n = 0
    for (const line of bytes.toString('utf8').split('\n')) if (line.length > 33) n++
    return n
  },
  csvBatches: (bytes: Buffer) => {
    const all: Record<string, { count: number; sum: number }> = {}
    for (const line of bytes.toString('utf8').split('\n')) {
      const [, delay, , name] = line.split(',')
      if (name === undefined) continue
      all[name] ??= { count: 0, sum: 0 }
      all[name].count++
      all[name].sum += Number(delay)
    }
    return all
  },
}

/** Calls that do almost nothing, to measure the cost of a call. */
const KERNEL = `#include <stddef.h>
int add(int a, int b) { return a + b; }
size_t count(const double *x, size_t n) { return n; }`
const CALLS = 200_000
const calls = {
  numbers: 'for (let i = 0; i < input; i++) add(i, 1)',
  view: 'const x = new Float64Array(16); for (let i = 0; i < input; i++) count(x)',
}

function callingAgent(body: string): string {
  return `import { agent, bundledKernel } from 'lander/agent'
const { add, count } = bundledKernel('kit', { add: 'int(int, int)', count: 'size_t(const double*, size_t)' })
export default agent((input) => { ${body} })`
}

/** Returns the CPU time of a process so far in milliseconds; needs /proc. */
function cpuOfProcess(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return Number.NaN
  }
}

/** Returns the CPU time that this process uses for `act`, in milliseconds. */
function cpuOf(act: () => unknown): number {
  const from = process.cpuUsage()
  act()
  const { user, system } = process.cpuUsage(from)
  return (user + system) / 1000
}

let runs = 0

await benchmark('sandbox', async ({ quick }) => {
  const assets = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  await buildSandboxAssets(assets)
  const pool = new ExecutorPool(assets, 0)
  try {
    return await measure(pool, quick ? { rows: 300_000, warm: 30 } : { rows: 3_000_000, warm: 100 })
  } finally {
    await pool.close()
    await rm(assets, { recursive: true })
  }
})

async function measure(pool: ExecutorPool, count: { rows: number; warm: number }): Promise<BenchResult> {
  const bytes = flightsCsv(count.rows)
  const trivial = jobOf(agentSource('return input'), { input: 1 })
  const coldMs = (await run(pool, trivial)).ms
  const warm: number[] = []
  for (let n = 0; n < count.warm; n++) warm.push((await run(pool, trivial)).ms)
  const warmMs = median(warm.slice(count.warm / 2))
  const read = async (reading: Reading) => readOnce(pool, reading, bytes, count.rows)
  const readings = {
    lines: await read('lines'),
    lineBatches: await read('lineBatches'),
    csvBatches: await read('csvBatches'),
  }
  const kernelCallUs = await callOnce(pool, calls.numbers)
  const viewCallUs = await callOnce(pool, calls.view)
  const promise = (what: string, { cpuToV8 }: { cpuToV8: number }, atMost: number) => ({
    name: `${what}: CPU time of V8’s`,
    value: cpuToV8,
    unit: '×',
    atMost,
  })
  return {
    about:
      'How fast agents start and read, held against the same loops over the whole text at once in Node’s own V8 (CPU time).',
    promises: [
      { name: 'cold start', value: coldMs, unit: 'ms', atMost: 1500 },
      { name: 'warm run, p50', value: warmMs, unit: 'ms', atMost: 25 },
      promise('lines one by one', readings.lines, 40),
      promise('lines in batches', readings.lineBatches, 12),
      promise('CSV in batches', readings.csvBatches, 6),
      { name: 'call of a kernel with two numbers: CPU time', value: kernelCallUs, unit: 'µs', atMost: 5 },
      { name: 'call of a kernel with a view: CPU time', value: viewCallUs, unit: 'µs', atMost: 10 },
    ],
    figures: { rows: count.rows, MB: Math.round(bytes.length / 1e6), ...readings },
  }
}

async function readOnce(pool: ExecutorPool, reading: Reading, bytes: Buffer, rows: number) {
  const nativeMs = cpuOf(() => inV8[reading === 'csvBatches' ? 'csvBatches' : 'lines'](bytes))
  const job = jobOf(agentSource(agents[reading]), { store: storeOf(bytes), limits: { wallMs: 120_000 } })
  const { ms, cpuMs } = await run(pool, job)
  return { rowsPerSecond: Math.round((rows / ms) * 1000), cpuMs, cpuToV8: cpuMs / nativeMs }
}

/** Returns the CPU time of one kernel call in microseconds, including the loop. */
async function callOnce(pool: ExecutorPool, body: string): Promise<number> {
  const kernels = supplyKernels({ kit: KERNEL })
  const job = (input: number) => jobOf(callingAgent(body), { kernels, input, limits: { wallMs: 120_000 } })
  await run(pool, job(1))
  const [none, many] = [await run(pool, job(0)), await run(pool, job(CALLS))]
  return ((many.cpuMs - none.cpuMs) * 1000) / CALLS
}

async function run(pool: ExecutorPool, job: Job): Promise<{ ms: number; cpuMs: number }> {
  const from = performance.now()
  const executor = pool.acquire('bench')
  const cpuFrom = cpuOfProcess(executor.pid)
  const { result, healthy } = await new Run(job, executor, ++runs).report()
  const cpuMs = cpuOfProcess(executor.pid) - cpuFrom
  pool.release(executor, 'bench', healthy)
  if (result.outcome.kind !== 'completed') throw new Error(JSON.stringify(result.outcome))
  return { ms: performance.now() - from, cpuMs }
}
