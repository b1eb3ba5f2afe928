/**
 * The common part of all benchmarks. A promise is a ratio or a difference of two measurements of the same minute, so
 * that it also holds on a slow machine. Times are reported with a yardstick from the same process.
 *
 *     npx tsx bench/NAME.ts [--quick] [--check] [--json FILE]
 *
 * `--quick` measures less, `--json` writes the figures, and with `--check` the exit code is 1 if a promise is missed.
 */
import '../../scripts/terminal/quiet-sdk.ts'
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type Machine, thisMachine } from './machine.ts'

/** A promise and the measured value. */
export interface Promised {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The upper or the lower bound of `value`. */
  readonly atMost?: number
  readonly atLeast?: number
}

export interface BenchResult {
  /** One sentence for the page of all benchmarks: what is measured, and what it is compared with. */
  readonly about?: string
  readonly promises: readonly Promised[]
  /** Further figures. An array of flat objects becomes a table. */
  readonly figures: Readonly<Record<string, unknown>>
  /** Comparisons that could not be measured, each with the reason: `tcc: not installed`. */
  readonly missing?: readonly string[]
}

/** The report that `--json` writes. */
export interface BenchReport extends BenchResult {
  readonly name: string
  readonly date: string
  readonly quick: boolean
  readonly machine: Machine
  /** Milliseconds of {@link yardstick} before and after the measurement, the lower of both. */
  readonly yardstickMs: number
}

/** Runs a benchmark as a program: measures, prints, writes and checks. */
export async function benchmark(
  name: string,
  measure: (options: { quick: boolean }) => Promise<BenchResult>,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  })
  const before = yardstick()
  const result = await measure({ quick: values.quick })
  for (const promised of result.promises) process.stdout.write(`${sayPromise(promised)}\n`)
  for (const peer of result.missing ?? []) process.stdout.write(`missing ${peer}\n`)
  process.stdout.write(`${JSON.stringify(result.figures, undefined, 2)}\n`)
  const report: BenchReport = {
    name,
    date: new Date().toISOString(),
    quick: values.quick,
    machine: thisMachine(),
    yardstickMs: Math.min(before, yardstick()),
    ...result,
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
  if (values.check && !result.promises.every(isKept)) process.exitCode = 1
}

export function isKept({ value, atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }: Promised) {
  return value <= atMost && value >= atLeast
}

/** Formats a promise as a line: `kept   warm run: 12 ms (promised at most 25)`. */
export function sayPromise(promised: Promised): string {
  const { name, value, unit } = promised
  const measured = `${Number(value.toPrecision(4))} ${unit}`.trim()
  return `${isKept(promised) ? 'kept  ' : 'MISSED'} ${name}: ${measured} (promised ${sayBound(promised)})`
}

export function sayBound({ atMost, atLeast }: Promised): string {
  const bounds = [atLeast !== undefined && `at least ${atLeast}`, atMost !== undefined && `at most ${atMost}`]
  return bounds.filter((bound) => bound !== false).join(', ')
}

/** Measures fib(30) in Node's own V8 in milliseconds: the yardstick for comparing times of two machines. */
function yardstick(): number {
  const fib = (n: number): number => (n < 2 ? n : fib(n - 1) + fib(n - 2))
  const takes = Array.from({ length: 5 }, () => {
    const start = performance.now()
    fib(30)
    return performance.now() - start
  })
  return Math.min(...takes)
}

/** Returns the median; for an even number of values, the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Returns the milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
