import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { programFile } from '../support/programs.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('the grand tours come home with everything they gathered', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-tour-'))
  const json = join(dir, 'tour.json')
  const args = [programFile('examples/grand-tour/run.ts'), '--json', json]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 100_000 })
  const { regions, places } = JSON.parse(await readFile(json, 'utf8')).details
  await rm(dir, { recursive: true })
  expect(regions).toMatchObject({ count: 12_000, secondOpinion: 12_000 })
  expect(Object.entries(regions.readings)).toHaveLength(6)
  expect(places).toMatchObject({ count: 10_000, secondOpinion: 10_000 })
  expect(Object.keys(places.readings)).toEqual(['1 tasklet', '2 thread', '3 process', '4 eu-west-1', '5 tasklet'])
  expect(stdout.match(/\(copy \d\)/g)).toHaveLength(5)
})
