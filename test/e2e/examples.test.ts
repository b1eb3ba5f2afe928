/** The examples as anyone runs them, in their quick form. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pool, testAgainstPoisson } from '../../examples/mamma-mia/chi-square.ts'
import { simulate } from '../../examples/mamma-mia/simulation.ts'
import { RandomStream } from '../../examples/support/random-stream.ts'
import { programFile } from '../support/programs.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-examples-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** Runs an example; what it printed, and the figures it wrote. */
async function perform(name: string, args: readonly string[] = []) {
  const json = join(dir, `${name}.json`)
  const command = [programFile(`examples/${name}/run.ts`), '--quick', '--json', json, ...args]
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root, timeout: 100_000 })
  return { stdout, told: JSON.parse(await readFile(json, 'utf8')) }
}

/** Runs an example that is to fail: its exit code and what it said. */
async function fail(name: string, args: readonly string[]): Promise<{ code: number; stderr: string }> {
  const command = [programFile(`examples/${name}/run.ts`), '--quick', ...args]
  return promisify(execFile)(process.execPath, command, { cwd: root, timeout: 100_000 }).then(
    () => {
      throw new Error(`${name} ${args.join(' ')} did not fail`)
    },
    ({ code, stderr }) => ({ code, stderr }),
  )
}

test('mamma-mia: plausible trees from three regions, beside all of the seed’s', async () => {
  const { stdout, told } = await perform('mamma-mia', ['--svg', join(dir, 'histogram.svg')])
  expect(told.right).toBe(true)
  expect(new Set(told.details.rows.map(({ region }: { region: string }) => region)).size).toBe(3)
  expect(told.details.chiSquare.ours.p).toBeGreaterThan(0.001)
  expect(stdout).toContain('443564  67181  6618  510  36')
  expect(await readFile(join(dir, 'histogram.svg'), 'utf8')).toMatch(/^<svg/)
})

test('mamma-mia: a hundred runs are plausible, together and in the worst', () => {
  const norway = { discs: 600_000, trees: 2_000_000 }
  const tests = Array.from({ length: 100 }, (_, index) =>
    testAgainstPoisson(simulate(norway, new RandomStream({ mission: 'a hundred', index })), norway),
  )
  expect(pool(tests)).toMatchObject({ degrees: 400 })
  expect(pool(tests).p).toBeGreaterThan(0.001)
  // Of a hundred fair tests the worst is below 0.001 / 100 once in a thousand times.
  expect(Math.min(...tests.map(({ p }) => p))).toBeGreaterThan(0.00001)
})

test('mamma-mia: where there are no trees there is no Christmas', async () => {
  expect(await fail('mamma-mia', ['--trees', '0'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('AGENT_THREW: 0 is no number of trees'),
  })
})

test('sizes are whole numbers', async () => {
  const { code, stderr } = await fail('mamma-mia', ['--trees', 'many'])
  expect(code).toBe(2)
  expect(stderr).toContain('--trees is "many"')
})

test('robots: the population goes on elsewhere as if nothing had happened, as a whole and in parts', async () => {
  const { told } = await perform('robots')
  const { stayed, hopped, crowd } = told.details
  expect(told.right).toBe(true)
  expect(hopped.game.where).toEqual([...Array(5).fill('us-east-1'), ...Array(5).fill('eu-west-1')])
  expect({ ...hopped.game, where: [] }).toEqual({ ...stayed.game, where: [] })
  expect(hopped.game.onTheArena).toEqual(hopped.game.byPoints)
  expect(crowd.right).toBe(true)
  expect(crowd.moves).toContainEqual(expect.objectContaining({ from: 'town', to: 'suburb' }))
  expect(crowd.where.flat()).toContain('suburb')
})

test('robots: what outgrows its memory is stopped by that limit, and its last checkpoint is safe', async () => {
  const args = ['--robots', '20000', '--side', '10000', '--rounds', '14', '--pages', '170']
  const { code, stderr } = await fail('robots', args)
  expect(code).toBe(1)
  expect(stderr).toMatch(/its last checkpoint is safe: 1\.9\d MB, s3:\/\/lander-local-agents-eu-west-1\/states\//)
  expect(stderr).toContain('stopped by memoryPages')
})

test.each([
  [['--side', '5'], 'an arena of 5 × 5 cells is too small for 100 robots'],
  [['--rounds', '0'], '0 rounds are no game'],
])('robots: %j is answered with a reason', async (args, why) => {
  expect(await fail('robots', args)).toMatchObject({ code: 1, stderr: expect.stringContaining(why) })
})

test('snakes on a cloud: three forms of one agent find the same, and every landing has a receipt', async () => {
  const { told } = await perform('snakes-on-a-cloud')
  const { flights, expected, forgedIsRefused } = told.details
  expect(told.right).toBe(true)
  expect(forgedIsRefused).toBe(true)
  expect(flights.map(({ form }: { form: string }) => form)).toEqual([
    'as a binary',
    'as C, compiled on arrival',
    'interpreted',
  ])
  for (const { finding, receipts } of flights) {
    expect(finding).toEqual(expected)
    expect(receipts).toEqual({ count: 3, verified: true })
  }
})

test('hot swap: C is compiled where the agent is, and another function put in its place', async () => {
  const { told } = await perform('hot-swap')
  expect(told.right).toBe(true)
  for (const { answer, before, after } of told.details.missions)
    expect({ answer, before, after }).toEqual({ answer: 121_393, before: 2, after: 1000 })
})
