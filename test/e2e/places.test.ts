import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { programFile } from '../support/programs.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('the same agent is started in a tasklet, a thread, a process and a region, and moved through all', async () => {
  const args = [programFile('examples/places/run.ts'), '--quick']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 100_000 })
  expect(stdout).toContain('started anywhere, the last prime is 7919')
  for (const place of ['tasklet', 'thread', 'process', 'eu-west-1'])
    expect(stdout).toMatch(new RegExp(`^${place} +0 +${place} +started here`, 'm'))
  expect(stdout).not.toContain('MISSED')
})
