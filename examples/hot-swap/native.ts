/** Compiles the same C with the installed compilers. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Peer } from '../support/figures.ts'

const execute = promisify(execFile)

/** Prints the answer, and the mean milliseconds of one call over several. */
const MAIN = `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e3 + t.tv_nsec / 1e6; }
int main(int count, char **arguments)
{
    volatile int n = atoi(arguments[1]), answer = 0;
    int times = atoi(arguments[2]);
    double start = now();
    for (int time = 0; time < times; time++) answer = fib(n);
    printf("%d %f", answer, (now() - start) / times);
}
`

/** The seconds that the compiler takes, and the seconds of one call of its program. */
export interface NativeTimes {
  readonly compile: Peer
  readonly call: Peer
}

/** Compiles the source with an installed compiler, and times both; the fastest of several runs counts. */
export async function timeNative(
  compiler: string,
  flags: readonly string[],
  { source, dir, n, times, tries }: { source: string; dir: string; n: number; times: number; tries: number },
): Promise<NativeTimes & { answer?: number }> {
  const name = [compiler, ...flags].join(' ')
  const [file, program] = [join(dir, `${compiler}.c`), join(dir, compiler)]
  await writeFile(file, source + MAIN)
  try {
    const compiled: number[] = []
    const called: number[] = []
    let answer: number | undefined
    for (let time = 0; time < tries; time++) {
      const start = performance.now()
      await execute(compiler, [...flags, '-o', program, file])
      compiled.push((performance.now() - start) / 1000)
      const { stdout } = await execute(program, [`${n}`, `${times}`])
      const [told, ms] = stdout.split(' ').map(Number)
      called.push(ms! / 1000)
      answer = told
    }
    const peer = (values: readonly number[]) => ({ name, value: Math.min(...values) })
    return { compile: peer(compiled), call: peer(called), ...(answer !== undefined && { answer }) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const peer = { name, missing: 'not installed' }
    return { compile: peer, call: peer }
  }
}
