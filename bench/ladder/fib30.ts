/** Measures fib(30) in the agent's interpreter, in a kernel, and with the installed compilers. */
import type { Promised } from '../support/program.ts'
import { GCC, type Peer, TCC } from './peers.ts'
import { type Fleet, packForCalls, source } from './ways.ts'

const N = 30
const ROUNDS = 5
const INTERPRETED = 'agent, interpreted'
const KERNEL = 'kernel in C'

/** Milliseconds of the fastest call. */
export interface Fib {
  readonly name: string
  readonly ms: number
}

export async function measureFib(fleet: Fleet, peers: readonly Peer[]): Promise<Fib[]> {
  const interpreted = await packForCalls(fleet, source('fib.ts'))
  const kernel = await packForCalls(fleet, source('kernel-fib.ts'))
  const measured = [
    { name: INTERPRETED, ms: await slopeOf((times) => interpreted({ n: N, times }), 2) },
    { name: KERNEL, ms: await slopeOf((times) => kernel({ n: N, times }), 50) },
  ]
  for (const peer of peers) measured.push(...(await peerFib(peer)))
  return measured
}

type Call = (times: number) => Promise<{ readonly ms: number }>

/** Subtracts a run with one call from a run with many, so that the fixed costs of a run cancel out. */
async function slopeOf(call: Call, times: number): Promise<number> {
  return ((await leastOf(call, 1 + times)) - (await leastOf(call, 1))) / times
}

async function leastOf(call: Call, times: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) least = Math.min(least, (await call(times)).ms)
  return least
}

/** Other programs time their calls themselves. Slow ones have no such measurement. */
async function peerFib({ name, fib }: Peer): Promise<Fib[]> {
  const times = 50
  return fib === undefined ? [] : [{ name, ms: (await leastOf(() => fib(N, times), times)) / times }]
}

export function fibTable(fib: readonly Fib[]): Record<string, unknown>[] {
  const kernel = msOf(fib, KERNEL)!
  return fib.map(({ name, ms }) => ({
    way: name,
    ms: Number(ms.toPrecision(3)),
    'of the kernel': `${Number((ms / kernel).toPrecision(3))} ×`,
  }))
}

/** How many times faster the kernel is than the interpreted agent. */
export function fibSpeedup(fib: readonly Fib[]): number {
  return msOf(fib, INTERPRETED)! / msOf(fib, KERNEL)!
}

/** Compares the kernel with the installed compilers. */
export function fibPromises(fib: readonly Fib[]): Promised[] {
  return [...against(fib, GCC, 1.6), ...against(fib, TCC, 1)]
}

function against(fib: readonly Fib[], peer: string, atMost: number): Promised[] {
  const ms = msOf(fib, peer)
  const name = `fib(30) as a kernel in C: time of ${peer}`
  return ms === undefined ? [] : [{ name, value: msOf(fib, KERNEL)! / ms, unit: '×', atMost }]
}

function msOf(fib: readonly Fib[], name: string): number | undefined {
  return fib.find((candidate) => candidate.name === name)?.ms
}
