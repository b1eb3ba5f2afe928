/**
 * The common part of all examples: a local fleet, sizes that options can change, and a table of figures.
 *
 *     npx tsx examples/NAME/run.ts [--quick] [--json FILE] [--SIZE NUMBER …]
 *
 * `--quick` uses smaller sizes, `--json` writes the figures. Exit code 1 means that an answer was wrong. A missed
 * promise is printed, and is an error only with `--check`, because the speed of machines varies.
 */
import '../../scripts/terminal/quiet-sdk.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, platform, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createFleetClients, type Fleet, type FleetClients, type SigningKey, UsageError } from 'lander'
import { type LocalFleet, startLocalFleet } from 'lander/testing'
import { EXIT, note, paint, printError } from '../../scripts/terminal/output.ts'
import { type Figure, figuresTable, isKept } from './figures.ts'
import { MissionError } from './mission.ts'

/** What an example gets to work with. */
export interface Stage<Size extends string> {
  readonly sizes: Readonly<Record<Size, number>>
  readonly quick: boolean
  /** The output files that were requested, by the option's name. */
  readonly files: Readonly<Record<string, string>>
  /** A temporary folder, which is deleted afterwards. */
  readonly dir: string
  readonly local: LocalFleet
  readonly fleet: Fleet
  readonly clients: FleetClients
  readonly developer: SigningKey
}

/** The result of an example. */
export interface Report {
  readonly figures: readonly Figure[]
  /** Whether all answers were right. */
  readonly right: boolean
  /** The text that is printed before the figures. */
  readonly text: string
  /** Further data for `--json`. */
  readonly details: object
}

export interface Example<Size extends string> {
  readonly name: string
  readonly regions: readonly string[]
  /** The sizes that `--NAME NUMBER` can set, with their defaults. */
  readonly sizes: Readonly<Record<Size, number>>
  /** Other defaults with `--quick`. */
  readonly quick?: Partial<Readonly<Record<Size, number>>>
  /** The names of the options that request an output file. @default [] */
  readonly files?: readonly string[]
  readonly perform: (stage: Stage<Size>) => Promise<Report>
}

/** Runs an example as a program. */
export async function runExample<Size extends string>(example: Example<Size>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), `lander-${example.name}-`))
  try {
    const { sizes, quick, check, json, files } = parseOptions(example)
    await using local = await startLocalFleet({ dir: join(dir, 'cloud'), regions: example.regions })
    const { fleet, developer } = local
    using clients = createFleetClients(fleet)
    const report = await example.perform({ sizes, quick, files, dir, local, fleet, clients, developer })
    process.stdout.write(`${report.text.trimEnd()}\n\n${figuresTable(report.figures)}\n`)
    if (json !== undefined) await writeFile(json, `${JSON.stringify(documentOf(example.name, quick, report))}\n`)
    if (!report.right || (check && !report.figures.every(isKept))) process.exitCode = EXIT.failed
  } catch (error) {
    process.exitCode = error instanceof MissionError ? printEnd(error) : printError(error, false)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Prints progress to stderr. */
export const say = (text: string): void => note(text)

function printEnd({ message }: MissionError): number {
  note(`${paint('red', 'error', process.stderr)} ${message}`)
  return EXIT.failed
}

function parseOptions<Size extends string>({ sizes, quick: less = {}, files = [] }: Example<Size>) {
  const text = { type: 'string' } as const
  const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, text]))
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    options: { quick: flag, check: flag, json: text, ...named(Object.keys(sizes)), ...named(files) },
  })
  const given = values as Record<string, string | boolean>
  const asked = (names: readonly string[]) => names.filter((name) => given[name] !== undefined)
  const { quick, check, json } = given as { quick: boolean; check: boolean; json?: string }
  const set = asked(Object.keys(sizes)).map((name) => [name, parseSize(name, given[name] as string)])
  return {
    quick,
    check,
    json,
    sizes: { ...sizes, ...(quick && less), ...Object.fromEntries(set) },
    files: Object.fromEntries(asked(files).map((name) => [name, given[name] as string])),
  }
}

function parseSize(name: string, text: string): number {
  const size = Number(text)
  if (Number.isSafeInteger(size) && size >= 0) return size
  throw new UsageError('USAGE', `--${name} is "${text}"`, { remedy: 'use a whole number' })
}

function documentOf(name: string, quick: boolean, { figures, right, details }: Report): object {
  const machine = {
    node: process.version,
    platform: `${platform()} ${release()}`,
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
  }
  return { name, date: new Date().toISOString(), quick, machine, right, figures, details }
}
