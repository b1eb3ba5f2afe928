/** A person sees where in their own files an agent failed, there and at home. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalFleet, startLocalFleet } from '../../lib/local/local-fleet.ts'
import { lander } from '../support/cli.ts'

const AGENT = `import { agent } from 'lander/agent'

interface Wish { readonly there: boolean }

export default agent(
  async (wish: Wish) => {
    if (wish.there) throw new TypeError('trouble there')
    return 1
  },
  {
    merge() {
      throw new RangeError('trouble at home')
    },
  },
)
`

let dir: string
let local: LocalFleet
let env: Record<string, string>

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-errors-'))
  local = await startLocalFleet({
    dir: join(dir, 'home/local'),
    regions: ['us-east-1', 'eu-west-1'],
    timeoutSeconds: 20,
  })
  await local.cloud.createBucket('us-east-1', 'logs-us')
  await local.cloud.createBucket('eu-west-1', 'logs-eu')
  await writeFile(join(dir, 'count.ts'), AGENT)
  env = {
    LANDER_HOME: join(dir, 'home'),
    AWS_ENDPOINT_URL: local.cloud.endpoint,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  }
})
afterAll(async () => {
  await local[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

const run = (...args: string[]) => lander([...args], { cwd: dir, env })
const DATA = ['--data', 's3://logs-us/', '--data', 's3://logs-eu/']

test('an error is told in the author’s lines, of an agent and of a bundle beside its map', async () => {
  const there = ['--input', '{"there":true}', '--place', 'data']
  const located = /TypeError: trouble there\n {4}at count\.ts:7:\d+\n(?! {4}at)/
  expect((await run('run', 'count.ts', ...DATA, ...there)).stderr).toMatch(located)

  const key = join(dir, 'home/local/developer.key')
  const packed = await run('pack', 'count.ts', ...DATA, '--key', key)
  expect(packed.status).toBe(0)
  expect((await run('run', 'count.lander', ...there)).stderr).toMatch(located)
  await rm(join(dir, 'count.lander.map'))
  expect((await run('run', 'count.lander', ...there)).stderr).toMatch(/trouble there\n {4}at .*main:1:\d+\)?\n/)
})

test('an error of merge, at home, too', async () => {
  const { stderr } = await run(
    'run',
    'count.ts',
    ...DATA,
    '--input',
    '{"there":false}',
    '--place',
    'data',
    '--allow-empty',
  )
  expect(stderr).toMatch(/RangeError: trouble at home\n {4}at count\.ts:12:\d+\n/)
})
