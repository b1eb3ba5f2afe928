import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillMarks } from '../../bench/support/marks.ts'
import type { Results } from '../../bench/support/page.ts'
import { listPrograms, runAll } from '../../bench/support/run-all.ts'

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

/** Programs whose measurements are known beforehand. */
const PROGRAMS = {
  kept: `promises: [{ name: 'speed', value: quick ? 2 : 1, unit: '×', atLeast: 2 }],
    figures: { size: { bytes: 12345 }, rows: [{ kept: 1, ms: 2.5 }] }, missing: ['tcc: not installed']`,
  late: "promises: [{ name: 'time', value: 90, unit: 'ms', atMost: 80 }], figures: {}",
}
const BROKEN = "throw new Error('no such thing')\n"

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-bench-test-'))
  for (const [name, result] of Object.entries(PROGRAMS))
    await writeFile(join(dir, `${name}.ts`), programOf(name, result))
  await writeFile(join(dir, 'package.json'), '{"type":"module"}')
  await writeFile(join(dir, 'broken.ts'), BROKEN)
  await writeFile(join(dir, 'all.ts'), BROKEN)
})
afterAll(() => rm(dir, { recursive: true, force: true }))

function programOf(name: string, result: string): string {
  return `import { benchmark } from ${JSON.stringify(path('bench/support/program.ts'))}
    await benchmark('${name}', async ({ quick }) => ({ about: 'What is known.', ${result} }))`
}

async function bench(...flags: readonly string[]) {
  const out = ['--in', dir, '--json', join(dir, 'results.json'), '--page', join(dir, 'page.md')]
  const run = spawnSync(path('node_modules/.bin/tsx'), [path('bench/all.ts'), ...out, ...flags], { encoding: 'utf8' })
  const results: Results = JSON.parse(await readFile(join(dir, 'results.json'), 'utf8'))
  return { ...run, results, page: await readFile(join(dir, 'page.md'), 'utf8') }
}

describe('npm run bench', () => {
  test('runs every program of the folder but itself', async () => {
    expect(await listPrograms(dir)).toEqual(['broken', 'kept', 'late'])
  })

  test('writes what every program came to, on what machine, and with what', async () => {
    const { results, page, status } = await bench('--quick')
    expect(status).toBe(0)
    expect(results).toMatchObject({
      quick: true,
      command: 'npm run bench -- --quick',
      machine: { node: process.version },
    })
    expect(results.programs.map(({ name }) => name)).toEqual(['broken', 'kept', 'late'])
    expect(page).toContain('## kept\n\nWhat is known.')
    expect(page).toMatch(/\| speed \| 2 × \| {2}\| at least 2 \| kept \|/)
    expect(page).toMatch(/\| time \| 90 ms \| [\d.]+ × \| at most 80 \| \*\*missed\*\* \|/)
    expect(page).toContain('| size · bytes | 12,345 |')
    expect(page).toContain('| kept | ms |\n| --- | --- |\n| 1 | 2.5 |')
    expect(page).toContain('Missing: tcc: not installed.')
    expect(page).toContain('Did not finish: it ended with 1.')
  })

  test('--check ends with 1, and names each missed promise and each program that failed', async () => {
    const { status, stderr } = await bench('--quick', '--check')
    expect(status).toBe(1)
    const missed = stderr.split('\n').filter((line) => line.startsWith('missed: '))
    expect(missed).toEqual(['missed: broken ended with 1', 'missed: late: time'])
  })

  test('--check ends with 0 when all is kept; without --quick a program measures more', async () => {
    expect((await bench('--quick', '--check', '--only', 'kept')).status).toBe(0)
    const { status, results } = await bench('--check', '--only', 'kept')
    expect(status).toBe(1)
    expect(results.programs).toHaveLength(1)
  })

  test('a program that does not end is ended, and the next has its turn', async () => {
    await writeFile(join(dir, 'endless.ts'), 'setInterval(() => {}, 1000)\n')
    const names = ['endless', 'kept']
    const entries = await runAll({ dir, names, quick: true, timeoutMs: 5000, say: () => undefined })
    await rm(join(dir, 'endless.ts'))
    expect(entries[0]).toMatchObject({ name: 'endless', error: 'was ended after 5 s' })
    expect(entries[1]).toMatchObject({ name: 'kept', report: { name: 'kept' } })
  })

  test('nothing it writes names the machine or a folder of it', async () => {
    const { results, page } = await bench('--quick')
    expect(`${JSON.stringify(results)}${page}`).not.toMatch(new RegExp(`${dir}|${path('')}`))
  })
})

describe('figures inside a page', () => {
  const figures = { ratios: { c: 81.25, pypy: null }, rungs: [{ rung: 'C', ms: 2 }] }
  const programs = [{ name: 'ladder', seconds: 1, report: { figures } as never }]

  test('are written anew between their marks, as often as one likes', () => {
    const page = 'C is <!-- bench ladder ratios.c -->?<!-- /bench --> ×.\n<!-- bench ladder rungs --><!-- /bench -->\n'
    const filled = fillMarks(page, programs)
    expect(filled).toContain('C is <!-- bench ladder ratios.c -->81.25<!-- /bench --> ×.')
    expect(filled).toContain('-->\n\n| rung | ms |\n| --- | --- |\n| C | 2 |\n\n<!--')
    expect(fillMarks(filled, programs)).toBe(filled)
  })

  test('say so where there was nothing to measure with', () => {
    expect(fillMarks('<!-- bench ladder ratios.pypy --><!-- /bench -->', programs)).toContain('-->not measured<!--')
  })

  test('must be measured', () => {
    const page = '<!-- bench ladder ratios.d -->?<!-- /bench -->'
    expect(() => fillMarks(page, programs)).toThrow('the benchmark "ladder" has no figure "ratios.d"')
  })

  test('stay as they are where a program did not finish, or was not run', () => {
    const page = '<!-- bench ladder ratios.c -->?<!-- /bench -->'
    expect(fillMarks(page, [])).toBe(page)
    expect(fillMarks(page, [{ name: 'ladder', seconds: 1, error: 'ended with 1' }])).toBe(page)
  })
})
