/**
 * How fast agents start and read, next to the same loops in V8 in the same process: ratios travel from machine to
 * machine, figures don't.
 *
 *   npx tsx bench/sandbox.ts [--quick] [--json FILE] [--check]
 *
 * `--check` ends with exit code 1 if a ratio or a start is worse than its bound.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildSandboxAssets } from '../lib/bundle/sandbox-assets.ts'
import type { ObjectStore } from '../lib/objects/store.ts'
import { ExecutorPool } from '../lib/sandbox/executor-pool.ts'
import type { Job } from '../lib/sandbox/job.ts'
import { Run } from '../lib/sandbox/run.ts'
import { agentSource, jobOf } from '../test/support/jobs.ts'

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'string' }, check: { type: 'boolean' } },
})

const ROWS = flags.quick ? 300_000 : 3_000_000
const WARM_RUNS = flags.quick ? 30 : 100
const AIRPORTS = ['ABQ', 'MCI', 'MDW', 'ORD', 'LAX', 'SEA', 'PHX', 'OAK', 'LAS', 'SAN']

/** Figures that must not get worse; ratios are of CPU time, to V8. */
const BOUNDS = { warmMs: 25, coldMs: 1500, lines: 40, lineBatches: 12, csvBatches: 6 } as const

/** Flights: date, delay, distance, origin, destination; about 32 bytes a row. */
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

const bytes = flightsCsv(ROWS)
const megabytes = bytes.length / 1e6
const KEY = 'flights.csv'

/** Chunks straight out of memory, so that what is measured is the way to the agent. */
const store: ObjectStore = {
  stat: async (ref) => ({ ...ref, size: bytes.length, etag: 'e' }),
  async *list({ bucket }) {
    yield { bucket, key: KEY, size: bytes.length, etag: 'e' }
  },
  async *read({ start, end }) {
    for (let at = start; at < end; at += 262_144) yield bytes.subarray(at, Math.min(end, at + 262_144))
  },
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

/** The same in V8: the whole text at once, the best case for it. */
const inV8 = {
  lines: () => {
    let n = 0
    for (const line of bytes.toString('utf8').split('\n')) if (line.length > 33) n++
    return n
  },
  csvBatches: () => {
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

/** CPU time of a process so far, in milliseconds; needs /proc. */
function cpuMs(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return Number.NaN
  }
}

/** CPU time this process spends on `act`, in milliseconds. */
function cpuOf(act: () => unknown): number {
  const from = process.cpuUsage()
  act()
  const { user, system } = process.cpuUsage(from)
  return (user + system) / 1000
}

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!
const round = (number: number) => Number(number.toPrecision(3))

const assets = await mkdtemp(join(tmpdir(), 'lander-bench-'))
await buildSandboxAssets(assets)
const pool = new ExecutorPool(assets, 0)
let runs = 0

async function run(job: Job): Promise<{ ms: number; cpu: number }> {
  const from = performance.now()
  const executor = pool.acquire('bench')
  const cpuFrom = cpuMs(executor.pid)
  const { result, healthy } = await new Run(job, executor, ++runs).report()
  const cpu = cpuMs(executor.pid) - cpuFrom
  pool.release(executor, 'bench', healthy)
  if (result.outcome.kind !== 'completed') throw new Error(JSON.stringify(result.outcome))
  return { ms: performance.now() - from, cpu }
}

const trivial = jobOf(agentSource('return input'), { input: 1 })
const cold = await run(trivial)
const warm: number[] = []
for (let n = 0; n < WARM_RUNS; n++) warm.push((await run(trivial)).ms)

const figures: Record<string, number> = { coldMs: round(cold.ms), warmMs: round(median(warm.slice(WARM_RUNS / 2))) }
for (const [name, body] of Object.entries(agents)) {
  const nativeCpu = cpuOf(inV8[name === 'csvBatches' ? 'csvBatches' : 'lines'])
  const { ms, cpu } = await run(jobOf(agentSource(body), { store, limits: { wallMs: 120_000 } }))
  figures[`${name}RowsPerSecond`] = round((ROWS / ms) * 1000)
  figures[`${name}CpuMs`] = cpu
  figures[`${name}ToV8`] = round(cpu / nativeCpu)
}
await pool.close()
await rm(assets, { recursive: true })

console.log(`${ROWS.toLocaleString('en')} rows, ${megabytes.toFixed(0)} MB`)
console.table(figures)
if (flags.json !== undefined)
  writeFileSync(flags.json, `${JSON.stringify({ rows: ROWS, megabytes, ...figures }, null, 2)}\n`)
if (flags.check) {
  const { coldMs, warmMs, linesToV8, lineBatchesToV8, csvBatchesToV8 } = figures as Record<string, number>
  const bad = [
    coldMs! > BOUNDS.coldMs && 'cold start',
    warmMs! > BOUNDS.warmMs && 'warm run',
    linesToV8! > BOUNDS.lines && 'lines',
    lineBatchesToV8! > BOUNDS.lineBatches && 'line batches',
    csvBatchesToV8! > BOUNDS.csvBatches && 'CSV batches',
  ].filter((what) => what !== false)
  if (bad.length > 0) console.error(`slower than the bounds: ${bad.join(', ')}`)
  process.exitCode = bad.length > 0 ? 1 : 0
}
