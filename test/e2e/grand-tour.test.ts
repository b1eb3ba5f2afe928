import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('the grand tours come home with everything they gathered', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'examples/grand-tour/run.ts'], {
    cwd: root,
    timeout: 100_000,
  })
  const { regions, places } = JSON.parse(stdout.slice(stdout.indexOf('\n{')))
  expect(regions).toMatchObject({ count: 12_000, secondOpinion: 12_000 })
  expect(Object.entries(regions.readings)).toHaveLength(6)
  expect(places).toMatchObject({ count: 10_000, secondOpinion: 10_000 })
  expect(Object.keys(places.readings)).toEqual(['1 tasklet', '2 thread', '3 process', '4 eu-west-1', '5 tasklet'])
  expect(stdout.match(/\(copy \d\)/g)).toHaveLength(5)
})
