import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('the grand tour comes home with everything it gathered', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'examples/grand-tour/run.ts'], {
    cwd: root,
    timeout: 100_000,
  })
  const told = JSON.parse(stdout.slice(stdout.indexOf('\n{')))
  expect(told).toMatchObject({ count: 12_000, secondOpinion: 12_000 })
  expect(Object.entries(told.readings)).toHaveLength(6)
  expect(stdout.match(/\(copy \d\)/g)).toHaveLength(3)
})
