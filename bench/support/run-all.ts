import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchReport } from './program.ts'

const TSX = fileURLToPath(import.meta.resolve('tsx/cli'))

/** A benchmark's report, or why there is none. */
export type Entry =
  | { readonly name: string; readonly seconds: number; readonly report: BenchReport }
  | { readonly name: string; readonly seconds: number; readonly error: string }

export interface RunOptions {
  /** The folder of the programs. */
  readonly dir: string
  /** Their names, without `.ts`. */
  readonly names: readonly string[]
  readonly quick: boolean
  /** The longest duration of a program, after which it is killed. */
  readonly timeoutMs: number
  readonly say: (line: string) => void
}

/** Lists the benchmarks of a folder: every program in it except the one that runs them. */
export async function listPrograms(dir: string): Promise<string[]> {
  const files = await readdir(dir)
  const names = files.flatMap((file) => /^([a-z0-9][a-z0-9-]*)\.ts$/.exec(file)?.[1] ?? [])
  return names.filter((name) => name !== 'all').sort()
}

/** Runs programs one after another, each in its own process. If one fails, the next still runs. */
export async function runAll({ dir, names, quick, timeoutMs, say }: RunOptions): Promise<Entry[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    const entries: Entry[] = []
    for (const name of names) {
      say(`== ${name}`)
      entries.push(await runOne(join(dir, `${name}.ts`), join(scratch, `${name}.json`), { name, quick, timeoutMs }))
    }
    return entries
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function runOne(
  program: string,
  json: string,
  { name, quick, timeoutMs }: Pick<RunOptions, 'quick' | 'timeoutMs'> & { name: string },
): Promise<Entry> {
  const start = performance.now()
  const flags = ['--json', json, ...(quick ? ['--quick'] : [])]
  const child = spawn(process.execPath, [TSX, program, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: timeoutMs,
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  const seconds = (performance.now() - start) / 1000
  if (code === 0) return { name, seconds, report: JSON.parse(await readFile(json, 'utf8')) as BenchReport }
  // A program that is killed can still exit with its own code.
  const late = signal !== null || seconds * 1000 >= timeoutMs
  const error = late ? `was ended after ${Math.round(timeoutMs / 1000)} s` : `ended with ${code}`
  return { name, seconds, error }
}
