/** A local cloud over TLS, from the command line to the functions and between them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificates } from '../../lib/local/tls/certificates.ts'
import { lander } from '../support/cli.ts'

const AGENT = `import { agent, here, hop, sum } from 'lander/agent'
export default agent(
  async () => {
    let lines = 0
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
const RUN = ['run', 'count.ts', ...DATA, '--input', '{}', '--json']

let dir: string
const run = (...args: string[]) => lander(args, { cwd: dir, env: { LANDER_HOME: join(dir, 'home') } })
const up = (...args: string[]) => run('local', 'up', '--port', '0', '--detach', ...args)
const local = (path: string) => join(dir, 'home/local', path)

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-tls-'))
  await writeFile(join(dir, 'count.ts'), AGENT)
  await writeFile(join(dir, 'a.log'), 'a line\n'.repeat(10))
  await up('--tls')
  await run('local', 'put', 'a.log', 's3://logs-us/2026/', '--region', 'us-east-1')
  await run('local', 'put', 'a.log', 's3://logs-eu/2026/', '--region', 'eu-west-1')
})
afterAll(async () => {
  await run('local', 'down')
  await rm(dir, { recursive: true, force: true })
})

test('it says where it is, and how every tool is told to trust it', async () => {
  const ca = local('data/tls/ca.pem')
  expect((await run('local', 'status', '--json')).json).toMatchObject({
    running: true,
    endpoint: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
    ca,
  })
  const { stdout } = await run('local', 'status')
  for (const said of [`AWS_CA_BUNDLE=${ca}`, `NODE_EXTRA_CA_CERTS=${ca}`, `curl --cacert ${ca}`])
    expect(stdout).toContain(said)
})

test('agents run, go from region to region, and are carried by a relay', async () => {
  expect(await run(...RUN, '--place', 'data')).toMatchObject({ status: 0, json: { value: 40 } })
  expect(await run(...RUN, '--start', 'once')).toMatchObject({ status: 0, json: { value: 20 } })
  const { json } = await run(...RUN, '--start', 'once', '--detach')
  expect(await run('result', json.mission, '--wait', '--json')).toMatchObject({ status: 0, json: { value: 20 } })
})

describe('whoever trusts another certificate is refused', () => {
  const remedy = expect.stringContaining('"ca" in the fleet file')
  const why = 'its certificate is not trusted here (UNABLE_TO_VERIFY_LEAF_SIGNATURE)'

  test('by a fleet file that names another one', async () => {
    const fleet = JSON.parse(await readFile(local('fleet.json'), 'utf8'))
    await writeFile(join(dir, 'another.pem'), makeCertificates(Date.now()).ca)
    await writeFile(join(dir, 'misled.json'), JSON.stringify({ ...fleet, ca: 'another.pem' }))
    const misled = ['--fleet', 'misled.json', '--key', local('developer.key')]
    expect((await run(...RUN, ...misled)).json.error).toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining(why),
      remedy,
    })
    const [region] = (await run('fleet', 'check', '--fleet', 'misled.json', '--json')).json.regions
    expect(region.problems[0]).toMatchObject({
      code: 'TLS_FAILED',
      situation: 'unreachable',
      message: `us-east-1 could not be reached: ${why}`,
      remedy,
    })
    await writeFile(join(dir, 'misled.json'), JSON.stringify({ ...fleet, ca: 'nowhere.pem' }))
    expect(await run(...RUN, ...misled)).toMatchObject({
      status: 2,
      json: { error: { code: 'FILE_NOT_FOUND', remedy } },
    })
  })

  test('by the local fleet, where its certificate was replaced', async () => {
    const kept = await readFile(local('data/tls/ca.pem'))
    await writeFile(local('data/tls/ca.pem'), makeCertificates(Date.now()).ca)
    const { status, json } = await run('local', 'put', 'a.log', 's3://logs-us/2026/', '--json')
    await writeFile(local('data/tls/ca.pem'), kept)
    const message = expect.stringMatching(
      /^the local cloud at https:\S+ could not be reached: its certificate is not trusted/,
    )
    expect([status, json.error]).toEqual([4, expect.objectContaining({ code: 'TLS_FAILED', message, remedy })])
  })
})

test('without --tls it is as ever, and no tool is told to trust anything', async () => {
  await run('local', 'down')
  const plain = { endpoint: expect.stringMatching(/^http:/), regions: ['us-east-1', 'eu-west-1'], fleet: 'local' }
  expect((await up('--json')).json).toEqual(plain)
  expect(await run(...RUN, '--place', 'data')).toMatchObject({ status: 0, json: { value: 40 } })
})
