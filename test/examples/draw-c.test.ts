import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { simulate } from '../../examples/mamma-mia/simulation.ts'
import { keyOf, RandomStream } from '../../examples/support/random-stream.ts'

const source = fileURLToPath(new URL('../../examples/mamma-mia/draw.c', import.meta.url))

/** Asks `draw` of the C file, as a program of this machine: its result, then how many trees reached 1, 2, 3 … discs. */
const MAIN = `
#include <stdio.h>
#include <stdlib.h>
#include ${JSON.stringify(source)}
static uint32_t reached[65536];
int main(int argc, char **argv) {
  unsigned a[6];
  for (int i = 1; i < argc; i++) a[i - 1] = strtoul(argv[i], 0, 10);
  printf("%d", draw(a[0], a[1], a[2], a[3], a[4], reached, a[5]));
  for (int n = 1; n < a[5] && reached[n]; n++) printf(" %u", reached[n]);
}`

const hasGcc = (() => {
  try {
    return execFileSync('gcc', ['--version']).length > 0
  } catch {
    return false
  }
})()

describe.skipIf(!hasGcc)('the loop in C', () => {
  let dir: string
  let program: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lander-draw-'))
    program = join(dir, 'draw')
    await writeFile(join(dir, 'main.c'), MAIN)
    await promisify(execFile)('gcc', ['-std=c11', '-O2', '-Wall', '-o', program, join(dir, 'main.c')])
  })
  afterAll(() => rm(dir, { recursive: true }))

  const draw = async (mission: string, index: number, discs: number, trees: number, classes = 65_536) => {
    const args = [...keyOf(mission), index, discs, trees, classes].map(String)
    const { stdout } = await promisify(execFile)(program, args)
    const [result, ...reached] = stdout.split(' ').map(Number)
    return { result, reached }
  }

  test.each([
    ['m', 0, 600_000, 2_000_000],
    ['another', 9, 60_000, 200_000],
    ['odd', 4_000_000_000, 1001, 2_097_152],
    ['one tree', 3, 1000, 1],
    ['no discs', 3, 0, 10],
  ])(
    'draws the very trees of the interpreted one: %s, %d, %d discs, %d trees',
    async (mission, index, discs, trees) => {
      const { result, reached } = await draw(mission, index, discs, trees)
      const histogram = simulate({ discs, trees }, new RandomStream({ mission, index }))
      const atLeast = histogram.map((_, n) => histogram.slice(n).reduce((sum, count) => sum + count, 0))
      expect(result).toBe(0)
      expect(reached).toEqual(atLeast.slice(1))
    },
  )

  test('says when there are no trees, or too many of them', async () => {
    expect((await draw('m', 0, 1, 0)).result).toBe(1)
    expect((await draw('m', 0, 1, 2_097_153)).result).toBe(1)
  })

  test('says when a tree gets more discs than can be counted', async () => {
    expect((await draw('m', 0, 100, 1, 50)).result).toBe(2)
  })
})
