import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  allFiguresMarkdown,
  allFiguresTable,
  type Figure,
  figuresTable,
  format,
  isKept,
} from '../../examples/support/figures.ts'
import { EXAMPLES } from '../../examples/support/performances.ts'
import { watchProcesses } from '../../examples/support/processes.ts'
import { runPython } from '../../examples/support/python.ts'

const examples = fileURLToPath(new URL('../../examples/', import.meta.url))
const figure: Figure = {
  what: 'one run',
  unit: 'seconds',
  seed: 0.00333,
  ours: 1.5,
  peers: [
    { name: 'tcc', value: 0.01 },
    { name: 'gcc', missing: 'not installed' },
  ],
  atMost: 2,
}

describe('figures', () => {
  test('stand beside the seed’s and the peers’, missing ones too', () => {
    const [, line] = figuresTable([figure]).split('\n')
    expect(line).toMatch(/one run +3\.33 ms +1\.5 s +10 ms tcc; gcc is missing: not installed +at most 2 s$/)
  })

  test('say when a promise is missed', () => {
    expect(isKept(figure)).toBe(true)
    expect(isKept({ ...figure, ours: 2.1 })).toBe(false)
    expect(isKept({ what: '', unit: 'times', ours: 24, atLeast: 25 })).toBe(false)
    expect(figuresTable([{ ...figure, ours: 2.1 }])).toContain('MISSED')
  })

  test('of several examples name each once', () => {
    const all = [{ name: 'a', figures: [figure, figure] }]
    expect(allFiguresTable(all).match(/^a /gm)).toHaveLength(1)
    expect(allFiguresMarkdown(all).split('\n')).toHaveLength(4)
  })

  test.each([
    [0.0000123, 'seconds', '0.0123 ms'],
    [12.34, 'seconds', '12.3 s'],
    [8_388_937, 'bytes', '8.39 MB'],
    [27.123, 'times', '27.1×'],
    [1000, 'count', '1,000'],
    [0.0001, 'probability', '0.000100'],
  ] as const)('%d %s is %s', (value, unit, text) => {
    expect(format(value, unit)).toBe(text)
  })
})

test('every example is run by npm run examples', () => {
  const folders = readdirSync(examples, { withFileTypes: true }).filter((each) => each.isDirectory())
  const withProgram = folders.filter(({ name }) => readdirSync(join(examples, name)).includes('run.ts'))
  expect(Object.keys(EXAMPLES)).toEqual(expect.arrayContaining(withProgram.map(({ name }) => name)))
})

describe('a Python peer', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lander-peer-'))
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(dir, { recursive: true })
  })

  test('that is not there is said to be missing', async () => {
    vi.stubEnv('PYTHON', 'no-python-of-this-name')
    expect(await runPython('peer.py', [])).toEqual({ name: 'CPython', missing: 'no no-python-of-this-name here' })
  })

  test('names its version and tells its figures, or what it lacks', async () => {
    vi.stubEnv('PYTHON', process.execPath)
    const script = async (line: object) => {
      const path = join(dir, 'peer.cjs')
      await writeFile(path, `console.log(${JSON.stringify(JSON.stringify(line))})`)
      return path
    }
    const told = await runPython(await script({ version: '3.14', seconds: 2 }), [])
    expect(told).toEqual({ name: 'CPython 3.14', told: { seconds: 2 } })
    const lacking = await runPython(await script({ version: '3.14', missing: 'the module greenlet' }), [])
    expect(lacking).toEqual({ name: 'CPython 3.14', missing: 'the module greenlet' })
  })
})

test.skipIf(process.platform !== 'linux')('what child processes use is counted', async () => {
  const { execFile } = await import('node:child_process')
  const { promisify } = await import('node:util')
  const hungry = 'const a = Buffer.alloc(2e8, 1); const end = Date.now() + 700; while (Date.now() < end) a.fill(2)'
  const { use } = await watchProcesses(() => promisify(execFile)(process.execPath, ['-e', hungry]))
  expect(use!.largestBytes).toBeGreaterThan(2e8)
})
