/** Detached missions as a person sends them off and finds them again, from another machine. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lander } from '../support/cli.ts'

const AGENT = `import { agent, here, hop, sum } from 'lander/agent'
export default agent(
  async ({ rounds = 1 }: { rounds?: number }) => {
    let lines = 0
    for (let round = 0; round < rounds; round++)
      for (const region of here.regions) {
        await hop(region)
        for await (const _ of here.lines('2026/')) lines++
      }
    return lines
  },
  { merge: sum },
)
`
const DATA = ['--data', 's3://logs-us/2026/', '--data', 's3://logs-eu/2026/']

let dir: string
const at =
  (client: string) =>
  (...args: string[]) =>
    lander(args, { cwd: dir, env: { LANDER_HOME: join(dir, client) } })
const here = (...args: string[]) => at('home')(...args)

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-detached-'))
  await writeFile(join(dir, 'count.ts'), AGENT)
  await writeFile(join(dir, 'a.log'), 'a line\n'.repeat(10))
  await here('local', 'up', '--regions', 'us-east-1,eu-west-1', '--port', '0', '--detach')
  await here('local', 'put', 'a.log', 's3://logs-us/2026/', '--region', 'us-east-1')
  await here('local', 'put', 'a.log', 's3://logs-eu/2026/', '--region', 'eu-west-1')
})

afterAll(async () => {
  await here('local', 'down')
  await rm(dir, { recursive: true, force: true })
})

test('a mission is sent off, looked at, and its answer is fetched with receipts, by another machine too', async () => {
  const sent = await here('run', 'count.ts', ...DATA, '--start', 'once', '--detach', '--input', '{}')
  expect(sent).toMatchObject({ status: 0, stdout: expect.stringMatching(/^[\w-]{22}\n$/) })
  expect(sent.stderr).toContain(`lander result ${sent.stdout.trim()}`)
  const mission = sent.stdout.trim()
  const result = await here('result', mission, '--wait', '--json', '--receipts', 'receipts')
  expect(result).toMatchObject({ status: 0, json: { mission, outcome: 'completed', value: 20 } })
  await cp(join(dir, 'home/local/fleet.json'), join(dir, 'elsewhere.json'))
  const elsewhere = at('elsewhere')
  const status = await elsewhere('status', mission, '--fleet', 'elsewhere.json', '--json')
  expect(status).toMatchObject({ status: 0, json: { mission, state: 'answered', landings: 2 } })
  expect((await elsewhere('result', mission, '--fleet', 'elsewhere.json')).stdout).toBe('20\n')
  expect((await elsewhere('status', mission, '--fleet', 'elsewhere.json')).stdout).toContain('2 landings')
})

test('results of several regions are merged where they are fetched', async () => {
  const { json } = await here('run', 'count.ts', ...DATA, '--detach', '--input', '{}', '--json')
  expect(json).toMatchObject({ relay: 'us-east-1', regions: ['us-east-1', 'eu-west-1'] })
  const result = await here('result', json.mission, '--wait', '--json')
  expect(result).toMatchObject({ status: 0, json: { outcome: 'completed', value: 40 } })
})

test('a cancelled mission lands no more, and says so', async () => {
  const args = ['--start', 'once', '--detach', '--input', '{"rounds":10000}', '--limit', 'hops=64', '--json']
  const { json } = await here('run', 'count.ts', ...DATA, ...args)
  const early = await here('result', json.mission, '--json')
  expect(early).toMatchObject({ status: 2, json: { error: { code: 'MISSION_UNDER_WAY' } } })
  expect((await here('cancel', json.mission, '--json')).json).toEqual({ mission: json.mission, cancelled: true })
  expect((await here('cancel', json.mission)).stdout).toBe('the mission was cancelled before\n')
  const result = await here('result', json.mission, '--wait', '--json')
  expect(result).toMatchObject({ status: 3, json: { outcome: 'refused', regions: [{ error: { code: 'CANCELLED' } }] } })
})

test.each([
  ['an unknown mission', ['result', 'A'.repeat(22)], 'MISSION_UNKNOWN'],
  ['a mission that is none', ['status', 'mission'], 'MISSION_UNKNOWN'],
  ['a ceiling that nobody sees to', ['run', 'count.ts', ...DATA, '--detach', '--max-usd', '1'], 'USAGE'],
  ['data that would come home', ['run', 'count.ts', ...DATA, '--detach', '--place', 'client'], 'USAGE'],
  ['a mission of a week', ['run', 'count.ts', ...DATA, '--detach', '--for', '7d'], 'USAGE'],
])('%s is refused', async (_, args, code) => {
  const { status, json } = await here(...args, '--json')
  expect([status, json.error.code]).toEqual([2, code])
})
