import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { programFile } from '../support/programs.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

test('the demo, on some of its flights: both ways give one answer, and the code is the lighter one', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-demo-test-'))
  try {
    const file = join(dir, 'demo.json')
    const demo = [programFile('scripts/demo.ts'), '--rows', '60000', '--json', file]
    const { stdout } = await promisify(execFile)(process.execPath, demo, { cwd: ROOT })
    expect(stdout).toMatch(/answers equal/)
    const figures = JSON.parse(await readFile(file, 'utf8'))
    expect(figures).toMatchObject({ rows: 60_000, equal: true })
    expect(figures.codeToData.bytes).toBeLessThan(figures.dataToCode.bytes)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
