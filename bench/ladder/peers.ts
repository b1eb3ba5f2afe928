/** The other programs that can run the workload. A program that is not installed is listed as missing. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { odd } from './odd.ts'

const execute = promisify(execFile)
const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export const V8 = 'Node’s own V8'
export const GCC = 'gcc -O2'
export const TCC = 'tcc'
export const CPYTHON = 'CPython'
export const POOL = 'CPython, multiprocessing'
export const PYPY = 'PyPy'
export const CTYPES = 'CPython, inner loop in C (ctypes, gcc -O2)'

/** An answer, and the milliseconds from opening the file to the answer. */
export interface Timed {
  readonly answer: number
  readonly ms: number
}

/** An installed program. */
export interface Peer {
  readonly name: string
  /** Whether the program is slow, so that it gets the smaller file. */
  readonly slow: boolean
  odd(file: string): Promise<Timed>
  /** Runs fib(n) this many times; absent for slow programs. */
  fib?(n: number, times: number): Promise<Timed>
}

/** Finds the installed programs; lists each missing one with the reason. */
export async function findPeers(dir: string): Promise<{ peers: Peer[]; missing: string[] }> {
  const found = await Promise.all([
    native(GCC, ['gcc', '-O2'], dir),
    native(TCC, ['tcc'], dir),
    python(CPYTHON, 'python3', 'plain', { slow: true }),
    python(POOL, 'python3', 'pool', { slow: true }),
    pythonWithC(dir),
    python(PYPY, 'pypy3', 'plain', { slow: false }),
  ])
  return {
    peers: [v8(), ...found.filter((peer) => typeof peer !== 'string')],
    missing: found.filter((peer) => typeof peer === 'string'),
  }
}

function v8(): Peer {
  return { name: V8, slow: false, odd: async (file) => clock(() => odd(readFileSync(file))) }
}

function clock(work: () => number): Timed {
  const start = performance.now()
  return { answer: work(), ms: performance.now() - start }
}

async function native(name: string, [compiler, ...flags]: readonly [string, ...string[]], dir: string) {
  const program = join(dir, compiler)
  const failure = await failureOf(compiler, [...flags, '-o', program, beside('native.c')])
  if (failure !== undefined) return `${name}: ${failure}`
  return {
    name,
    slow: false,
    odd: (file: string) => timedBy(program, ['odd', file]),
    fib: (n: number, times: number) => timedBy(program, ['fib', `${n}`, `${times}`]),
  }
}

async function python(
  name: string,
  command: string,
  mode: string,
  { slow, library = [] }: { slow: boolean; library?: readonly string[] },
) {
  const failure = await failureOf(command, ['--version'])
  if (failure !== undefined) return `${name}: ${failure}`
  return { name, slow, odd: (file: string) => timedBy(command, [beside('python.py'), mode, file, ...library]) }
}

async function pythonWithC(dir: string) {
  const library = join(dir, 'odd.so')
  const failure = await failureOf('gcc', ['-O2', '-shared', '-fPIC', '-o', library, beside('odd.c')])
  return failure === undefined
    ? python(CTYPES, 'python3', 'native', { slow: false, library: [library] })
    : `${CTYPES}: ${failure}`
}

async function failureOf(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    await execute(command, args)
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code === 'ENOENT' ? 'not installed' : 'does not work here'
  }
}

/** Runs a program that prints its answer and its own seconds, so that its start is not measured. */
async function timedBy(program: string, args: readonly string[]): Promise<Timed> {
  const { stdout } = await execute(program, args)
  const [answer, seconds] = stdout.trim().split(' ').map(Number)
  return { answer: answer!, ms: seconds! * 1000 }
}
