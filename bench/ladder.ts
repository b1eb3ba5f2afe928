/**
 * Measures one workload in every form in which an agent can run it, and in Node's own V8, gcc, tcc and CPython. A time
 * of Lander includes everything that the caller waits for, from `run` to the answer: signature, order, admission and
 * reading the objects. The other programs read a file on the same machine and are already started.
 *
 *     npx tsx bench/ladder.ts [--quick] [--check] [--json FILE]
 */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFleetClients } from '../lib/fleet/clients.ts'
import { startLocalFleet } from '../lib/local/local-fleet.ts'
import { fibPromises, fibSpeedup, fibTable, measureFib } from './ladder/fib30.ts'
import { CPYTHON, CTYPES, findPeers, POOL, PYPY, V8 } from './ladder/peers.ts'
import {
  agentWay,
  type Data,
  type Fleet,
  fillBuckets,
  peerWay,
  REGIONS,
  rateOf,
  runInTurns,
  source,
  type Way,
  writeData,
} from './ladder/ways.ts'
import { type BenchResult, benchmark } from './support/program.ts'

const INTERPRETED = 'agent, interpreted'
const INTERPRETED_SPREAD = 'agent, interpreted, in three regions'
const ASSEMBLYSCRIPT = 'kernel in AssemblyScript'
const C = 'kernel in C'
const THREADS = 'kernel in C, on all threads'
const THREADS_SPREAD = 'kernel in C, on all threads of three regions'

await benchmark('ladder', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    return await measure(dir, quick ? { bytes: 12_000_000, turns: 1 } : { bytes: 96_000_000, turns: 4 })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

async function measure(dir: string, { bytes, turns }: { bytes: number; turns: number }): Promise<BenchResult> {
  const data = await writeData(dir, bytes)
  const { peers, missing } = await findPeers(dir)
  await using local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: REGIONS })
  using clients = createFleetClients(local.fleet)
  const fleet = { local, clients }
  await fillBuckets(fleet, data)
  const ways = [...(await agentWays(fleet, dir)), ...peers.map((peer) => peerWay(peer, data))]
  await runInTurns(ways, turns)
  const fib = await measureFib(fleet, peers)
  return {
    about:
      'One workload (four rounds of xorshift for every byte of an object) along every way an agent can run it, and by its peers; and fib(30).',
    promises: fibPromises(fib),
    figures: {
      bytes: { slow: data.slow.bytes.length, fast: bytes },
      ratios: { ...ratiosOf(ways, data), fibKernel: round(fibSpeedup(fib)) },
      rungs: tableOf(ways, data),
      fib30: fibTable(fib),
    },
    missing,
  }
}

/** Lander's own forms, from the slowest to the fastest. */
async function agentWays(fleet: Fleet, dir: string): Promise<Way[]> {
  return [
    await agentWay(fleet, INTERPRETED, { path: source('interpreted.ts'), slow: true }),
    await agentWay(fleet, INTERPRETED_SPREAD, { path: source('interpreted.ts'), slow: true, spread: true }),
    await agentWay(fleet, ASSEMBLYSCRIPT, { path: await writeAssemblyScript(dir) }),
    await agentWay(fleet, C, { path: source('kernel-c.ts') }),
    await agentWay(fleet, THREADS, { path: source('kernel-threads.ts') }),
    await agentWay(fleet, THREADS_SPREAD, { path: source('kernel-threads.ts'), spread: true }),
  ]
}

/** Writes the agent of the C kernel again with its kernel in AssemblyScript. Only the import differs. */
async function writeAssemblyScript(dir: string): Promise<string> {
  const agent = (await readFile(source('kernel-c.ts'), 'utf8')).replace('./odd.c', './odd.as.ts')
  await writeFile(join(dir, 'kernel-assemblyscript.ts'), agent)
  await copyFile(source('odd.as.ts'), join(dir, 'odd.as.ts'))
  return join(dir, 'kernel-assemblyscript.ts')
}

function tableOf(ways: readonly Way[], data: Data): Record<string, unknown>[] {
  const rates = ratesOf(ways, data)
  const against = (rate: number, other: string) => `${round(rate / rates.get(other)!)} ×`
  return [...rates].map(([way, rate]) => ({
    way,
    'MB/s': round(rate),
    'of interpreted': against(rate, INTERPRETED),
    'of V8': against(rate, V8),
  }))
}

/** The speedup from one form to another; `null` if one of them was not measured. */
function ratiosOf(ways: readonly Way[], data: Data): Record<string, number | null> {
  const rates = ratesOf(ways, data)
  const ratio = (way: string, other: string) => {
    const [rate, base] = [rates.get(way), rates.get(other)]
    return rate === undefined || base === undefined ? null : round(rate / base)
  }
  return {
    regions: ratio(INTERPRETED_SPREAD, INTERPRETED),
    assemblyScript: ratio(ASSEMBLYSCRIPT, INTERPRETED),
    c: ratio(C, INTERPRETED),
    threads: ratio(THREADS, C),
    threadsAndRegions: ratio(THREADS_SPREAD, C),
    multiprocessing: ratio(POOL, CPYTHON),
    pypy: ratio(PYPY, CPYTHON),
    ctypes: ratio(CTYPES, CPYTHON),
    ofCPython: ratio(INTERPRETED, CPYTHON),
  }
}

function ratesOf(ways: readonly Way[], data: Data): ReadonlyMap<string, number> {
  return new Map(ways.map((way) => [way.name, rateOf(way, data)]))
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
