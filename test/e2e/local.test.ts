/** The local cloud as a person starts and ends it. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lander } from '../support/cli.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-local-'))
})
afterAll(async () => {
  await run('down')
  await rm(dir, { recursive: true, force: true })
})

const run = (...args: string[]) =>
  lander(['local', ...args, '--json'], { cwd: dir, env: { LANDER_HOME: join(dir, 'home') } })
const up = (...args: string[]) => run('up', '--port', '0', '--detach', ...args)

test('refuses regions that it can not serve, before anything starts', async () => {
  const refused: [string[], string][] = [
    [['--regions', 'us-east-1,mars-1'], 'REGION_UNKNOWN'],
    [['--regions', ''], 'USAGE'],
    [['--regions', 'us-east-1,us-east-1'], 'USAGE'],
    [['--wan', '--near', 'mars-1'], 'REGION_UNKNOWN'],
  ]
  const answers = await Promise.all(refused.map(([args]) => up(...args)))
  expect(answers.map(({ status, json }) => [status, json.error.code])).toEqual(refused.map(([, code]) => [2, code]))
  expect(await readdir(dir)).toEqual([])
})

test('of two that start at once one serves, and the other says why not', async () => {
  const answers = await Promise.all([up(), up()])
  const [served, refused] = answers.toSorted((a, b) => a.status - b.status)
  expect(served).toMatchObject({ status: 0, json: { regions: ['us-east-1', 'eu-west-1'] } })
  expect(refused).toMatchObject({ status: 2, json: { error: { code: 'LOCAL_RUNNING', situation: 'usage' } } })
  expect(refused!.json.error.message).not.toContain('error')
  expect((await run('status')).json).toMatchObject({ running: true, endpoint: served!.json.endpoint })
})

test('puts files into regions that it serves, and names them for others', async () => {
  await writeFile(join(dir, 'a.txt'), 'a')
  expect((await run('put', 'a.txt', 's3://texts/', '--region', 'eu-west-1')).json).toMatchObject({ objects: 1 })
  const { status, json } = await run('put', 'a.txt', 's3://new-texts/', '--region', 'ap-south-1')
  expect(status).toBe(2)
  expect(json.error).toMatchObject({ code: 'REGION_UNKNOWN', remedy: expect.stringContaining('us-east-1, eu-west-1') })
})

test('that was killed is known to be gone, and starts again', async () => {
  const pid = Number(await readFile(join(dir, 'home/local/process.lock'), 'utf8'))
  process.kill(pid, 'SIGKILL')
  const { status, json } = await run('put', 'a.txt', 's3://texts/')
  expect(status).toBe(2)
  expect(json.error).toMatchObject({ code: 'LOCAL_NOT_RUNNING', remedy: 'start one with lander local up' })
  expect((await up()).status).toBe(0)
  expect((await run('down')).json).toMatchObject({ ended: true })
})
