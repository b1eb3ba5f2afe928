/**
 * What every benchmark has in common. A promise is a ratio or a difference between two things measured in the same
 * minute, so that it holds on a slow machine as on a fast one.
 *
 *     npx tsx bench/NAME.ts [--quick] [--check] [--json FILE]
 *
 * `--quick` measures less, `--json` writes the figures, `--check` ends with 1 when a promise is missed.
 */
import '../../scripts/terminal/quiet-sdk.ts'
import { writeFile } from 'node:fs/promises'
import { cpus, platform, release } from 'node:os'
import { parseArgs } from 'node:util'

/** A promise and what was measured. */
export interface Promised {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** `value` must be at most, or at least, this. */
  readonly atMost?: number
  readonly atLeast?: number
}

export interface BenchResult {
  readonly promises: readonly Promised[]
  /** Everything else worth keeping. */
  readonly figures: Readonly<Record<string, unknown>>
}

/** Runs a benchmark as a program: measure, print, write, check. */
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
  const { promises, figures } = await measure({ quick: values.quick })
  for (const promised of promises)
    process.stdout.write(`${isKept(promised) ? 'kept  ' : 'MISSED'} ${describe(promised)}\n`)
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`)
  const machine = {
    node: process.version,
    platform: `${platform()} ${release()}`,
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
  }
  const report = { name, date: new Date().toISOString(), quick: values.quick, machine, promises, figures }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
  if (values.check && !promises.every(isKept)) process.exitCode = 1
}

function isKept({ value, atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }: Promised): boolean {
  return value <= atMost && value >= atLeast
}

function describe({ name, value, unit, atMost, atLeast }: Promised): string {
  const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`
  return `${name}: ${Number(value.toPrecision(4))} ${unit} (promised ${bound})`
}

/** The middle of the values; of an even number, the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Milliseconds that `work` took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
