/** Runs examples as a user does: as programs, one at a time. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Figure } from './figures.ts'

/** The result of an example's program. */
export interface Performance {
  readonly name: string
  readonly seconds: number
  readonly figures: readonly Figure[]
  /** Why there are no figures, or why they are not reliable. */
  readonly problem?: string
}

interface Program {
  readonly path: string
  /** The arguments of a quick run. */
  readonly quick: readonly string[]
  readonly figuresOf: (document: unknown) => readonly Figure[]
}

const root = join(import.meta.dirname, '../..')

/** The examples, in the order of the tour. */
export const EXAMPLES: Readonly<Record<string, Program>> = {
  flights: { path: 'scripts/demo.ts', quick: ['--rows', '300000'], figuresOf: demoFigures },
  'grand-tour': example('grand-tour'),
  'snakes-on-a-cloud': example('snakes-on-a-cloud'),
  'mamma-mia': example('mamma-mia'),
  'hot-swap': example('hot-swap'),
  robots: example('robots'),
  places: example('places'),
}

function example(name: string): Program {
  const figuresOf = (document: unknown) => (document as { figures: readonly Figure[] }).figures
  return { path: `examples/${name}/run.ts`, quick: ['--quick'], figuresOf }
}

/** Runs an example and passes its stderr on. Never rejects. */
export async function perform(name: string, { quick, dir }: { quick: boolean; dir: string }): Promise<Performance> {
  const { path, quick: less, figuresOf } = EXAMPLES[name]!
  const json = join(dir, `${name}.json`)
  const start = performance.now()
  const code = await exitCodeOf([path, ...(quick ? less : []), '--json', json])
  const took = { name, seconds: (performance.now() - start) / 1000 }
  try {
    const figures = figuresOf(JSON.parse(await readFile(json, 'utf8')))
    return { ...took, figures, ...(code !== 0 && { problem: `it came out wrong (exit code ${code})` }) }
  } catch {
    return { ...took, figures: [], problem: `it wrote no figures (exit code ${code})` }
  }
}

function exitCodeOf(args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
}

interface Side {
  readonly bytes: number
  readonly seconds: number
}

/** The output of `npm run demo` has an older format than the examples’ figures. */
function demoFigures(document: unknown): readonly Figure[] {
  const { codeToData, kernelToData, dataToCode } = document as Record<string, Side>
  return [
    { what: 'code → data, interpreted', unit: 'seconds', ours: codeToData!.seconds },
    { what: 'code → data, its loop as a kernel', unit: 'seconds', ours: kernelToData!.seconds },
    { what: 'data → code', unit: 'seconds', ours: dataToCode!.seconds },
    { what: 'code → data, across the links', unit: 'bytes', ours: kernelToData!.bytes },
    { what: 'data → code, across the links', unit: 'bytes', ours: dataToCode!.bytes },
  ]
}
